/** The batch scheduling policies by name. To add one, add its file and its line here. */
import type { BackfillPolicy } from './batch-queue.ts';
import { conservative } from './conservative.ts';
import { easy } from './easy.ts';
import { easyCount } from './easy-count.ts';
import { fcfs } from './fcfs.ts';

export const BACKFILL_POLICIES = Object.freeze({
  fcfs,
  easy,
  'easy-count': easyCount,
  conservative,
} satisfies Readonly<Record<string, BackfillPolicy>>);
