// How many notices wait to be read, for the mark in the header.
import { notifications } from '$lib/api';

/** How old the number may be before a page asks for it again. */
const GOOD_FOR_MS = 60_000;

class Inbox {
  unread = $state(0);
  private asked = 0;

  /** Asks the server, unless it was asked just now. Not knowing is no reason to disturb. */
  async refresh(now = Date.now()): Promise<void> {
    if (now - this.asked < GOOD_FOR_MS) return;
    this.asked = now;
    try {
      this.unread = await notifications.unread();
    } catch {
      this.asked = 0;
    }
  }

  /** Somebody else is signed in. */
  forget(): void {
    this.asked = 0;
    this.unread = 0;
  }

  /** The list itself was just read from the server. */
  know(unread: number): void {
    this.asked = Date.now();
    this.unread = unread;
  }
}

export const inbox = new Inbox();
