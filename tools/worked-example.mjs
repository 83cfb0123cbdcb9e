// Writes the outputs and pictures of docs/worked-example.md again: every block that starts with "$ tidemark" is run, in the order of the
// page, and what it prints takes the place of what stands there; `<!-- picture FROM TO -->` copies a chart. Takes as long as its runs: about
// ten CPU-minutes on an idle machine. Finished runs stay in runs/worked-example and are taken from there the next time. The sentences
// between the blocks are written by people: read them against the new numbers.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = join(root, 'docs', 'worked-example.md');
const room = join(root, 'runs', 'worked-example');
mkdirSync(room, { recursive: true });

const text = readFileSync(page, 'utf8').replace(
  /```\n\$ tidemark ((?:[^\n]*\\\n)*[^\n]*)\n[\s\S]*?```/g,
  (_, command) => {
    const args = command.replace(/\\\n/g, ' ').trim().split(/\s+/);
    process.stderr.write(`tidemark ${args.join(' ')}\n`);
    const { status, stdout } = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args], {
      cwd: room,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`exit code ${status}; the page is left as it was`);
    return `\`\`\`\n$ tidemark ${command}\n${stdout.trimEnd()}\n\`\`\``;
  },
);
for (const [, from, to] of text.matchAll(/<!-- picture (\S+) (\S+) -->/g))
  copyFileSync(join(room, from), join(root, 'docs', to));
writeFileSync(`${page}.tmp`, text);
renameSync(`${page}.tmp`, page);
