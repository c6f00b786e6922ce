// Light, dark, or as the device says; kept in this browser only.

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'clonememoria.theme';

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

class ThemeChoice {
  value = $state<Theme>('system');

  start(): void {
    this.#show(stored());
  }

  choose(theme: Theme): void {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Private windows may refuse storage; the choice then lasts as long as the page.
    }
    this.#show(theme);
  }

  #show(theme: Theme): void {
    this.value = theme;
    document.documentElement.dataset['theme'] = theme;
  }
}

export const theme = new ThemeChoice();
