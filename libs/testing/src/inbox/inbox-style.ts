/** Style sheet of the inbox page; light and dark by the system's choice. */
export const inboxStyle = `
:root{color-scheme:light dark;--ink:#22201d;--soft:#756f67;--line:#e6e1d9;--paper:#fffdfa;--desk:#f6f2ec;--pick:#fbe9dd;--accent:#b4532a}
@media (prefers-color-scheme:dark){:root{--ink:#ece7e0;--soft:#9d958a;--line:#38332d;--paper:#1f1c19;--desk:#171513;--pick:#3a2a20;--accent:#e08a5c}}
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
#list{width:370px;flex:none;overflow-y:auto;border-right:1px solid var(--line);background:var(--paper)}
#list:empty{display:none}
#list button{display:grid;grid-template-columns:1fr auto;gap:1px 10px;width:100%;padding:10px 16px;text-align:left;background:none;border:0;border-bottom:1px solid var(--line);border-left:3px solid transparent}
#list button:hover{background:var(--desk)}
#list button[aria-current]{background:var(--pick);border-left-color:var(--accent)}
#list button.new b::before{content:"";display:inline-block;width:7px;height:7px;margin-right:7px;border-radius:50%;background:var(--accent);vertical-align:2px}
#list span,#list b,#list small{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}
#list b{font-weight:600}
#list time{color:var(--soft);font-size:12.5px;align-self:center}
#list .subject{grid-column:1/-1}
#list small{grid-column:1/-1;color:var(--soft);font-size:13px}
#list p{margin:0;padding:14px 16px;color:var(--soft);font-size:13px}
#mail{flex:1;min-width:0;display:flex;flex-direction:column}
#empty{margin:auto;padding:30px;text-align:center;color:var(--soft)}
#empty svg{width:60px;height:60px;stroke-width:1.1;opacity:.75}
#empty p{margin:8px 0 0}
#empty-title{font-size:17px;color:var(--ink)}
#empty-hint{font-size:14px;white-space:pre-line}
#reader{flex:1;min-height:0;display:flex;flex-direction:column}
h2{margin:0;padding:16px 22px 6px;font-size:20px;font-weight:650;overflow-wrap:anywhere;max-height:5.2em;overflow-y:auto}
dl{display:grid;grid-template-columns:auto 1fr;gap:2px 14px;margin:0;padding:0 22px 12px;font-size:14px;max-height:9em;overflow-y:auto}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
#files{display:flex;flex-wrap:wrap;gap:8px;margin:0;padding:0 22px 12px;list-style:none;max-height:6.5em;overflow-y:auto}
#files a{display:inline-block;max-width:320px;padding:4px 11px;font-size:13px;color:inherit;text-decoration:none;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;border:1px solid var(--line);border-radius:99px;background:var(--paper)}
#files a:hover{border-color:var(--accent)}
#tabs{display:flex;gap:4px;align-items:center;padding:0 18px;border-bottom:1px solid var(--line)}
#tabs button{padding:7px 12px;background:none;border:0;border-bottom:2px solid transparent;color:var(--soft)}
#tabs button[aria-selected=true]{color:var(--ink);border-color:var(--accent)}
#tabs button:disabled{opacity:.35;cursor:default}
#remote{margin-left:auto;font-size:13px;color:var(--soft)}
iframe{flex:1;width:100%;min-height:0;border:0;background:#fff}
#plain{flex:1;min-height:0;margin:0;padding:18px 22px;overflow:auto;font:13.5px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--paper)}
#plain a{color:var(--accent)}
@media (max-width:760px){main{flex-direction:column}#list{width:auto;max-height:42%;border-right:0;border-bottom:1px solid var(--line)}#count,#state{display:none}}
`;
