/** The look of report.html: system fonts, light and dark, two columns on wide screens, one on paper. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --paper: #ffffff; --card: #f6f7f9; --ink: #1c2733; --soft: #5b6875; --rule: #d9dee4; --accent: #2f6fae; --warn: #b23a34; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --card: #1d232a; --ink: #e4e8ec; --soft: #9aa6b2; --rule: #333c46; --accent: #7db2e5; --warn: #ec8a84; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.2rem; margin: 40px 0 12px; padding-bottom: 4px; border-bottom: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 0; }
p { margin: 0 0 12px; max-width: 78ch; }
.soft { max-width: none; color: var(--soft); font-size: 0.87rem; }
.answer { background: var(--card); border-left: 4px solid var(--accent); padding: 14px 18px; border-radius: 4px; }
.answer p:last-child { margin-bottom: 0; }
.answer p { max-width: 90ch; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(225px, 1fr)); gap: 12px; margin: 20px 0; padding: 0; list-style: none; }
.cards li { background: var(--card); border-radius: 6px; padding: 12px 14px; }
.cards .name { display: block; color: var(--soft); font-size: 0.82rem; }
.cards .value { display: block; font-size: 1.35rem; font-weight: 650; line-height: 1.3; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.cards .detail { display: block; font-size: 0.82rem; color: var(--soft); }
.figures { display: grid; grid-template-columns: 1fr 1fr; gap: 28px 24px; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figure.full { grid-column: 1 / -1; }
figure .draw { overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; margin: 6px 0; color: var(--ink); }
.figures.live figure .draw svg { width: auto; max-width: none; }
.arms { border: 1px solid var(--rule); border-radius: 6px; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 18px 0; padding: 8px 14px; position: sticky; top: 0; background: var(--paper); z-index: 1; }
.arms legend, .controls { font-size: 0.87rem; color: var(--soft); }
.arms label { display: inline-flex; align-items: center; gap: 6px; font-size: 0.87rem; cursor: pointer; }
.arms label:has(input:not(:checked):not([hidden])) { opacity: 0.5; }
.swatch { width: 14px; height: 4px; border-radius: 2px; display: inline-block; }
.controls { display: flex; gap: 20px; }
select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--rule); border-radius: 4px; padding: 2px 6px; max-width: 100%; }
[hidden] { display: none !important; }
figcaption .shows { display: block; margin-top: 2px; }
.scroll { overflow-x: auto; margin-bottom: 12px; }
table { border-collapse: collapse; width: 100%; font-size: 0.87rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: 0 0 6px; font-size: 0.87rem; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: top; white-space: nowrap; }
th { font-weight: 600; white-space: normal; vertical-align: bottom; }
th.text, td.text { text-align: left; }
td.wrap { white-space: normal; overflow-wrap: anywhere; }
td.name { max-width: 260px; overflow: hidden; text-overflow: ellipsis; }
a { color: var(--accent); }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.84rem; }
pre { background: var(--card); padding: 12px 14px; border-radius: 6px; overflow: auto; max-height: 32rem; }
code { overflow-wrap: anywhere; }
details { margin: 12px 0; }
summary { cursor: pointer; font-weight: 600; }
@media screen and (max-width: 760px) { .figures { grid-template-columns: 1fr; } figure.full svg { min-width: 640px; } }
@media print {
  :root { --paper: #ffffff; --card: #f6f7f9; --ink: #000000; --soft: #444444; --rule: #cccccc; --accent: #2f6fae; }
  html { font-size: 11px; } main { max-width: none; padding: 0; } body { font-size: 1rem; }
  .cards { grid-template-columns: repeat(4, 1fr); } .figures { gap: 16px 18px; } p, .answer p { max-width: none; }
  h2 { break-after: avoid; } .answer, .cards li { border: 1px solid var(--rule); }
  tr { break-inside: avoid; } pre { max-height: none; white-space: pre-wrap; } details:not([open]) { display: none; }
}
`;
