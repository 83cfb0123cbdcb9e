import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { readJson } from './json-access.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

test('a document that is cut, not UTF-8, a bomb or not there says so; text names its line', async () => {
  const text = '{\n"a": "é",\n"b": 1\n}';
  const bytes = Buffer.from(text);
  expect((await readJson(files.writeBytes('good.json.gz', gzipSync(bytes)))).value).toEqual({ a: 'é', b: 1 });
  const cut = files.writeBytes('cut.json.gz', gzipSync(bytes).subarray(0, 30));
  await expect(readJson(cut)).rejects.toThrow(/cut\.json\.gz: the gzip stream ends early: the file is cut off/);
  const latin = files.writeBytes('latin.json', Buffer.from(text, 'latin1'));
  await expect(readJson(latin)).rejects.toThrow(/latin\.json:2 is not UTF-8/);
  const bomb = files.writeBytes('bomb.json.gz', gzipSync(Buffer.alloc(20_000_000, ' ')));
  await expect(readJson(bomb)).rejects.toThrow(
    /bomb\.json\.gz: unpacks to far more than it holds; refused as a zip bomb/,
  );
  await expect(readJson(files.path('none.json'))).rejects.toThrow(/none\.json: cannot be read \(ENOENT/);
});

test.each([
  ['a bracket where a value is due', '{\n"a": [1,],\n"b": 2,\n"c": 3\n}\n', 2],
  ['a word', '{\n"a": 1,\n"b": tru,\n"c": 3\n}\n', 3],
  ['no colon', '{\n"a": 1,\n"b" 2,\n"c": 3\n}\n', 3],
  ['no comma', '{\n"a": 1\n"b": 2,\n"c": 3\n}\n', 3],
  ['more behind the end', '{\n"a": 1\n}\n\n}\n\n', 5],
  ['a comma twice far from the end', `[\n${'1,\n'.repeat(500)},${'1,\n'.repeat(500)}1]`, 502],
  ['nothing at all', '', 1],
])('%s is named by its line', async (name, text, line) => {
  const path = files.write(`${name.replaceAll(' ', '-')}.json`, text);
  await expect(readJson(path)).rejects.toThrow(`${path}:${line} is not JSON`);
});
