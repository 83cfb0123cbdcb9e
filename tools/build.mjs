// Turns every .ts source into dist/**/*.js, file by file and only where the source is newer. Types are checked apart
// (`npm run typecheck`): the sources use only erasable syntax, so emitting needs no type information. A file is written
// under a temporary name and renamed, so that two builds at once never show each other half a file.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const rooms = ['policies', 'traces', 'sim', 'lab', 'scenarios', 'reports', 'bench', 'cli', 'tests'];

/** All files below `folder` with one of the given endings. */
export function filesBelow(folder, endings) {
  const found = [];
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return found;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesBelow(path, endings));
    else if (endings.some((ending) => entry.name.endsWith(ending))) found.push(path);
  }
  return found;
}

function modifiedMs(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return -1;
  }
}

function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/** Builds what changed; returns how many files were written. */
export async function build() {
  const stale = [];
  const wanted = new Set();
  for (const room of rooms) {
    for (const source of filesBelow(join(root, room), ['.ts', '.json'])) {
      if (source.endsWith('.test.ts') || source.includes('/vectors/')) continue;
      const inRoot = relative(root, source);
      const target = join(root, 'dist', inRoot.replace(/\.ts$/, '.js').replace(/\.json$/, '.json.js'));
      wanted.add(target);
      if (modifiedMs(target) < modifiedMs(source)) stale.push({ source, target });
    }
    for (const built of filesBelow(join(root, 'dist', room), ['.js', '.json']))
      if (!wanted.has(built)) rmSync(built, { force: true });
  }
  if (stale.length === 0) return 0;
  const { default: ts } = await import('typescript');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  // A file emitted alone cannot see package.json, and NodeNext would then fall back to CommonJS.
  const emit = { ...options, module: ts.ModuleKind.ESNext, noEmit: false, sourceMap: false, declaration: false };
  for (const { source, target } of stale) {
    const text = readFileSync(source, 'utf8');
    if (source.endsWith('.json')) {
      // As a module: Node 20 prints a warning for every process that imports JSON as such.
      writeWhole(target, `export default ${text.trim()};\n`);
      continue;
    }
    const { outputText } = ts.transpileModule(text, { compilerOptions: emit, fileName: source });
    writeWhole(target, outputText.replace(/(from\s+['"][^'"]+\.json)(['"])\s+with\s+\{[^}]*\}/g, '$1.js$2'));
  }
  return stale.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const written = await build();
  if (written > 0) process.stderr.write(`built ${written} file${written === 1 ? '' : 's'}\n`);
}
