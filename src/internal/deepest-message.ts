/** What an error of the platform says in its innermost cause, where the reason stands. */
export function deepestMessage(given: unknown): string {
  let error = given;
  let message = '';
  for (let depth = 0; depth < 5 && error instanceof Error; depth += 1) {
    const code = 'code' in error ? String(error.code) : '';
    message = error.message || code || message;
    error = error.cause;
  }
  return message;
}
