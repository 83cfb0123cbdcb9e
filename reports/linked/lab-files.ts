/** Every file of an experiment's document: page, Markdown, the tables as CSV and Parquet, and the document itself. */
import type { LabDocument } from '../../sim/results/lab-document.ts';
import { labReportHtml } from './lab-html.ts';
import { labMarkdown } from './lab-markdown.ts';
import { csvOfTable, parquetOfTable } from './table-files.ts';

/** File name to contents. The same document gives the same bytes. */
export async function labFiles(document: LabDocument): Promise<Readonly<Record<string, string | Uint8Array>>> {
  const files: Record<string, string | Uint8Array> = {
    'document.json': `${JSON.stringify(document)}\n`,
    'report.html': await labReportHtml(document),
    'report.md': labMarkdown(document),
  };
  for (const table of document.tables) {
    files[`${table.id}.csv`] = csvOfTable(table);
    files[`${table.id}.parquet`] = await parquetOfTable(table);
  }
  return files;
}
