// Short notes at the edge of the screen, each with at most one thing to do.

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => Promise<void> | void };
}

class Toasts {
  items = $state<Toast[]>([]);
  #next = 1;

  show(text: string, action?: Toast['action']): void {
    const id = this.#next++;
    this.items.push({ id, text, action });
    // Long enough to read and to reach the button with a slow hand.
    setTimeout(() => this.dismiss(id), action ? 12_000 : 6_000);
  }

  /** What was said before somebody signed in concerns them no more. */
  clear(): void {
    this.items = [];
  }

  dismiss(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
