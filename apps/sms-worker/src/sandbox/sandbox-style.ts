/** Style sheet of the sandbox page; light and dark by the system's choice. */
export const sandboxStyle = `
:root{color-scheme:light dark;--ink:#1d2327;--soft:#66727a;--line:#dfe5e8;--paper:#fcfdfe;--desk:#f0f4f6;--pick:#dcebf2;--accent:#2f6f8f;--bubble:#fff;--code:#12506e;--good:#2e7d46;--bad:#b3372a}
@media (prefers-color-scheme:dark){:root{--ink:#e3e9ec;--soft:#94a1a9;--line:#2f383d;--paper:#1a2024;--desk:#13181b;--pick:#20343f;--accent:#7ab8d6;--bubble:#232c31;--code:#a8dcf4;--good:#74c48b;--bad:#f08a7c}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html,body{height:100%;margin:0}
body{display:flex;flex-direction:column;font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--desk)}
header{display:flex;align-items:center;gap:14px;padding:10px 18px;border-bottom:1px solid var(--line);background:var(--paper)}
h1{display:flex;align-items:center;gap:9px;margin:0;font-size:17px;font-weight:650}
svg{width:22px;height:22px;fill:none;stroke:var(--accent);stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
#count,#state{color:var(--soft);font-size:13px;white-space:nowrap}
#filter{flex:1;min-width:60px;max-width:360px;margin-left:auto;padding:6px 12px;font:inherit;color:inherit;background:var(--desk);border:1px solid var(--line);border-radius:8px}
#state::before{content:"";display:inline-block;width:8px;height:8px;margin-right:6px;border-radius:50%;background:#4c9a5b}
#state.away::before{background:#c8452f}
button{font:inherit;color:inherit;cursor:pointer}
#clear{padding:5px 12px;background:none;border:1px solid var(--line);border-radius:8px}
#clear:hover{border-color:var(--accent);color:var(--accent)}
#clear:disabled{opacity:.4;pointer-events:none}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
main{flex:1;display:flex;min-height:0}
#list{width:320px;flex:none;overflow-y:auto;border-right:1px solid var(--line);background:var(--paper)}
#list button{display:grid;grid-template-columns:1fr auto;gap:1px 10px;width:100%;padding:11px 16px;text-align:left;background:none;border:0;border-bottom:1px solid var(--line);border-left:3px solid transparent}
#list button:hover{background:var(--desk)}
#list button[aria-current]{background:var(--pick);border-left-color:var(--accent)}
#list b{font-weight:600;font-variant-numeric:tabular-nums}
#list time{color:var(--soft);font-size:12.5px;align-self:center}
#list small{grid-column:1/-1;color:var(--soft);font-size:13px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
#list p{margin:0;padding:14px 16px;color:var(--soft);font-size:13px}
section{flex:1;min-width:0;min-height:0;display:flex;flex-direction:column}
#empty{margin:auto;padding:30px;text-align:center;color:var(--soft)}
#empty svg{width:60px;height:60px;stroke-width:1.1;opacity:.75}
#empty p{margin:8px 0 0;white-space:pre-line}
#empty-title{font-size:17px;color:var(--ink)}
#phone{flex:1;min-height:0;display:flex;flex-direction:column}
h2{margin:0;padding:14px 24px;font-size:18px;font-weight:650;font-variant-numeric:tabular-nums;border-bottom:1px solid var(--line)}
#messages{flex:1;min-height:0;margin:0;padding:20px 24px;overflow-y:auto;list-style:none;display:flex;flex-direction:column;gap:16px}
#messages li{max-width:520px}
.bubble{padding:10px 14px;background:var(--bubble);border:1px solid var(--line);border-radius:4px 16px 16px 16px;white-space:pre-wrap;overflow-wrap:anywhere}
.bubble .code{font-weight:650;color:var(--code);font-variant-numeric:tabular-nums;letter-spacing:.04em}
.bubble button{margin-left:8px;padding:0 8px;font-size:12px;color:var(--accent);background:none;border:1px solid var(--line);border-radius:99px}
.bubble table{margin-top:6px}
.facts{margin:4px 2px 0;color:var(--soft);font-size:12.5px}
.delivered{color:var(--good)}
.undelivered{color:var(--bad)}
details{flex:none;padding:10px 24px;border-top:1px solid var(--line);background:var(--paper);font-size:13.5px}
summary{cursor:pointer;color:var(--soft)}
table{border-collapse:collapse}
td,th{padding:3px 16px 3px 0;text-align:left;vertical-align:top;font-weight:400}
th{color:var(--soft)}
noscript p{padding:0 18px}
@media (max-width:760px){main{flex-direction:column}#list{width:auto;max-height:38%;border-right:0;border-bottom:1px solid var(--line)}#count,#state{display:none}}
`;
