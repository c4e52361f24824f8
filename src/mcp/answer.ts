/** Tool results: what was found as structure and as text, and errors that a model can act on. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { errorTable, isHoldfastError } from '../errors/index.ts';

/** Runs a tool's work; what it throws becomes a result that says what to do next. */
export async function answering(
  work: () => Promise<Record<string, unknown>>,
): Promise<CallToolResult> {
  try {
    const structuredContent = await work();
    const text = JSON.stringify(structuredContent);
    return { content: [{ type: 'text', text }], structuredContent };
  } catch (error) {
    return { content: [{ type: 'text', text: explain(error) }], isError: true };
  }
}

function explain(error: unknown): string {
  if (!isHoldfastError(error)) return 'internal: the tool failed; nothing more is known';
  const { code, message, outcome } = error;
  const applied =
    outcome === 'unknown' ? 'It may have been applied: read before you repeat it.' : '';
  const advice = errorTable[code].retryable
    ? 'The same call may succeed later.'
    : 'The same call will fail again: change it first.';
  return [`${code}: ${message}`, applied === '' ? advice : applied].join('\n');
}
