/** report.md of an experiment: the answer and its tables, for pull requests and wikis. */
import type { LabDocument } from '../../sim/results/lab-document.ts';
import type { PageTable } from '../html-parts.ts';
import { pageTableOf } from './table-text.ts';

export function labMarkdown(document: LabDocument): string {
  const blocks = [
    `# ${plain(document.title)}`,
    plain(document.subtitle),
    ...document.answer.map(plain),
    ...(document.cards.length === 0
      ? []
      : [
          document.cards
            .map(({ name, value, detail }) => `- **${plain(name)}**: ${plain(value)} (${plain(detail)})`)
            .join('\n'),
        ]),
    ...document.tables.filter((table) => table.shown).map((table) => tableText(pageTableOf(table))),
    ...(document.notes.length === 0 ? [] : [document.notes.map((note) => `- ${plain(note)}`).join('\n')]),
    `Repeat it:\n\n\`\`\`\n${document.command}\n\`\`\``,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function tableText({ caption, columns, rows }: PageTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const rule = columns.map(({ kind }) => (kind === 'number' ? '---:' : '---'));
  return [
    plain(caption),
    '',
    line(columns.map((column) => column.heading)),
    `| ${rule.join(' | ')} |`,
    ...rows.map(line),
  ].join('\n');
}

/** Text that Markdown shows as it is; digits and dots need no escape. */
function plain(text: string): string {
  return text.replace(/[\\`*_[\]<>#|]/g, (letter) => (letter === '_' ? letter : `\\${letter}`)).replace(/\n/g, ' ');
}

function cell(text: string): string {
  return plain(text);
}
