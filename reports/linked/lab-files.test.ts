import { expect, test } from 'vitest';
import { sampleDocument } from '../testing/sample-document.ts';
import { labFiles } from './lab-files.ts';
import { labMarkdown } from './lab-markdown.ts';
import { csvOfTable, parquetOfTable } from './table-files.ts';
import { pageTableOf } from './table-text.ts';

const [table] = sampleDocument().tables;

test('CSV quotes what needs it, keeps full digits and leaves out what does not exist', () => {
  expect(csvOfTable(table)).toBe(
    'arm,unit,runs,mean,meanHalfWidth\nline 70,%,4,45,1\n"a ""quoted"", name",ms,4,90000,\n',
  );
});

test('Parquet holds the same rows; a number that does not exist is NaN', async () => {
  const { parquetReadObjects } = await import('hyparquet');
  const bytes = await parquetOfTable(table);
  const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
  expect(rows).toEqual([
    { arm: 'line 70', unit: '%', runs: 4, mean: 45, meanHalfWidth: 1 },
    { arm: 'a "quoted", name', unit: 'ms', runs: 4, mean: 90_000, meanHalfWidth: Number.NaN },
  ]);
});

test('people see a mean with its half width in the unit of the row: 45.0 % +- 1.0 %, 90 s', () => {
  const { columns, rows } = pageTableOf(table);
  expect(columns.map((column) => column.heading)).toEqual(['arm', 'runs', 'mean']);
  expect(rows).toEqual([
    ['line 70', '4', '45.0 % \u00b1 1.0 %'],
    ['a "quoted", name', '4', '90 s'],
  ]);
});

test('Markdown has the answer, the tables with their numbers to the right, and the command; markup of names is inert', () => {
  const text = labMarkdown(sampleDocument());
  expect(text).toContain('# line 70, 75 against 65 \\<made up\\>');
  expect(text).toContain('| arm | runs | mean |\n| --- | ---: | ---: |\n| line 70 | 4 | 45.0 % \u00b1 1.0 % |');
  expect(text).toContain('line 70 is better.');
  expect(text).toContain('```\ntidemark compare sample\n```');
});

test('a document gives the same bytes twice, in one page that names no other address than itself', async () => {
  const [one, two] = [await labFiles(sampleDocument()), await labFiles(sampleDocument())];
  expect(Object.keys(one).sort()).toEqual(['document.json', 'report.html', 'report.md', 'table.csv', 'table.parquet']);
  expect(two).toEqual(one);
  const page = String(one['report.html']);
  expect(page).toContain("default-src 'none'");
  expect(page.match(/<(?:script|link|img|iframe)[^>]+(?:src|href)="(?!data:)/g)).toBeNull();
  expect(page).toContain('search &lt;b&gt;');
  // Vega (half a megabyte) and the charts.
  expect(page.length).toBeLessThan(1_200_000);
});
