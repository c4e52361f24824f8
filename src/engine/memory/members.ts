/** The processes that said they live, and until when. Nothing here is logged. */
import { compareText } from '../../internal/text-order.ts';
import type { Member } from '../engine.ts';

export class Members {
  readonly #expiry = new Map<string, number>();

  heartbeat(id: string, expiresAt: number, now: number): void {
    if (expiresAt <= now) this.#expiry.delete(id);
    else this.#expiry.set(id, expiresAt);
  }

  alive(now: number): Member[] {
    const members: Member[] = [];
    for (const [id, expiresAt] of this.#expiry) {
      if (expiresAt > now) members.push({ id, expiresAt });
    }
    return members.sort((a, b) => compareText(a.id, b.id));
  }
}
