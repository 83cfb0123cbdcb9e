/** The files of an experiment beside its results: page, Markdown, CSV, Parquet; each is whole or not there. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabDocument } from '../sim/results/lab-document.ts';

/** Reads what `writeLabFiles` needs while runs still go on. What fails here fails again, and is told, where the files are written. */
export function prepareLabFiles(): void {
  const modules = [
    import('../reports/linked/lab-files.ts'),
    import('../reports/render.ts').then((m) => m.loadRenderer()),
  ];
  void Promise.allSettled(modules);
}

/** Writes every file of `document` into `dir`, each under a temporary name first; `notes` stand behind its own. */
export async function writeLabFiles(dir: string, document: LabDocument, notes: readonly string[] = []): Promise<void> {
  const { labFiles } = await import('../reports/linked/lab-files.ts');
  const files = await labFiles({ ...document, notes: [...document.notes, ...notes] });
  mkdirSync(dir, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(dir, name);
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  }
}

/** Options that say where and how fast, not what: the same answer comes without them. */
const ASIDE = ['--out', '--workers', '--memory', '--run-minutes', '--queue', '--shard'];

/** The command as it was given, without what does not change its answer; words with blanks or quotes are quoted. */
export function repeatCommand(argv: readonly string[] = process.argv.slice(2)): string {
  const kept: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at];
    if (ASIDE.includes(word)) at++;
    else if (!ASIDE.some((option) => word.startsWith(`${option}=`)) && word !== '--json') kept.push(word);
  }
  const quoted = kept.map((word) => (/^[\w./:=,%@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return ['tidemark', ...quoted].join(' ');
}
