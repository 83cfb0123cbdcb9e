/** Why rows disagree with the model, by id; written after the run, shown only while the row is out of its band. */
export const REASONS: Readonly<Record<string, string>> = Object.freeze({});
