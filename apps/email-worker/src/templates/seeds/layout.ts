export interface LayoutParts {
  readonly lang: string;
  readonly title: string;
  /** The line that mail programs show in their lists. */
  readonly preview: string;
  /** `<mj-…>` elements of one column. */
  readonly body: string;
  readonly footer: string;
}

/**
 * The frame of the shipped mails: one column on a quiet ground, letters of the reader's system, contrast of at least 4.5 : 1 in light
 * and in dark. The colours stand in the styles too, because programs that turn light into dark by themselves leave alone what says it can.
 */
export function layout({ lang, title, preview, body, footer }: LayoutParts): string {
  return `<mjml lang="${lang}">
  <mj-head>
    <mj-title>${title}</mj-title>
    <mj-preview>${preview}</mj-preview>
    <mj-raw><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"></mj-raw>
    <mj-attributes>
      <mj-all font-family="system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', sans-serif" />
      <mj-text font-size="16px" line-height="1.6" color="#1f2328" padding="0 32px 16px" />
      <mj-button background-color="#0b57d0" color="#ffffff" font-size="16px" font-weight="600" border-radius="8px" inner-padding="14px 28px" padding="8px 32px 24px" align="left" />
      <mj-divider border-width="1px" border-color="#d8dee4" padding="8px 32px 24px" />
    </mj-attributes>
    <mj-style>
      :root { color-scheme: light dark; supported-color-schemes: light dark; }
      h1 { margin: 0; font-size: 24px; line-height: 1.3; font-weight: 650; }
      a { color: #0b57d0; }
      @media (prefers-color-scheme: dark) {
        .ground, .ground > div { background: #0d1117 !important; }
        .card, .card > table { background: #161b22 !important; }
        .card div, .card td, .card h1, .card th { color: #e6edf3 !important; }
        .quiet div { color: #9da7b3 !important; }
        .card a:not([style*="background"]) { color: #79b8ff !important; }
      }
      [data-ogsc] .card div, [data-ogsc] .card td { color: #e6edf3 !important; }
    </mj-style>
  </mj-head>
  <mj-body background-color="#f4f4f1" width="560px" css-class="ground">
    <mj-section padding="24px 0 0"><mj-column><mj-text font-size="14px" color="#59636e" font-weight="600" css-class="quiet">Angarium</mj-text></mj-column></mj-section>
    <mj-section background-color="#ffffff" border-radius="12px" padding="32px 0 16px" css-class="card"><mj-column>
${body}
    </mj-column></mj-section>
    <mj-section padding="16px 0 32px" css-class="quiet"><mj-column><mj-text font-size="13px" color="#59636e" css-class="quiet">${footer}</mj-text></mj-column></mj-section>
  </mj-body>
</mjml>`;
}
