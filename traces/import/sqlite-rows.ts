/**
 * Rows of a query on an SQLite file, one by one: SQLite itself, compiled to WebAssembly, reads the pages it needs and no more.
 *
 * The package is optional and loaded when a file of that kind is imported. While a query runs SQLite holds a lock, an empty folder
 * `FILE.lock` beside the file.
 */
import { TraceError } from '../../policies/base/assert.ts';

export type SqliteValue = number | bigint | string | Uint8Array | null;
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

/** What is used of node-sqlite3-wasm; written out, because the package may be missing where this is compiled. */
interface SqliteModule {
  readonly Database: new (
    path: string,
    options?: { readonly fileMustExist: boolean; readonly readOnly: boolean },
  ) => {
    exec(sql: string): void;
    prepare(sql: string): { iterate(): Iterable<SqliteRow>; finalize(): void };
    close(): void;
  };
}

const PACKAGE: string = 'node-sqlite3-wasm';

/** Calls `take` for every row of `sql` on the file. Throws TraceError with the file; an error of `take` goes through as it is. */
export async function eachSqliteRow(path: string, sql: string, take: (row: SqliteRow) => void): Promise<void> {
  const sqlite = await loadSqlite(path);
  const problem = (error: unknown) =>
    new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  let database: InstanceType<SqliteModule['Database']>;
  try {
    database = new sqlite.Database(path, { fileMustExist: true, readOnly: true });
  } catch (error) {
    throw problem(error);
  }
  try {
    let statement: ReturnType<typeof database.prepare>;
    try {
      statement = database.prepare(sql);
    } catch (error) {
      throw problem(error);
    }
    try {
      const rows = statement.iterate()[Symbol.iterator]();
      for (;;) {
        let next: IteratorResult<SqliteRow>;
        try {
          next = rows.next();
        } catch (error) {
          throw problem(error);
        }
        if (next.done === true) break;
        take(next.value);
      }
    } finally {
      statement.finalize();
    }
  } finally {
    database.close();
  }
}

/** SQLite. Throws TraceError that says for which file it is wanted and how to get it. */
export async function loadSqlite(path: string): Promise<SqliteModule> {
  try {
    return ((await import(PACKAGE)) as { default: SqliteModule }).default;
  } catch {
    throw new TraceError(`${path}: reading SQLite needs the package ${PACKAGE}; npm install ${PACKAGE}`);
  }
}
