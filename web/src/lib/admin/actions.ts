// What an administrator can do to an account, and the words with which it is asked.
import { admin, type User } from '$lib/api';
import type { MessageKey } from '$lib/i18n/index.svelte';

export interface Action {
  label: MessageKey;
  title: MessageKey;
  text: MessageKey;
  run: (user: User) => Promise<unknown>;
}

export const SUSPEND: Action = {
  label: 'admin.suspend',
  title: 'admin.suspendTitle',
  text: 'admin.suspendText',
  run: (user) => admin.changeUser(user.id, { suspended: true }),
};

export const MAKE_ADMIN: Action = {
  label: 'admin.makeAdmin',
  title: 'admin.makeAdminTitle',
  text: 'admin.makeAdminText',
  run: (user) => admin.changeUser(user.id, { is_admin: true }),
};

export const TAKE_ADMIN: Action = {
  label: 'admin.takeAdmin',
  title: 'admin.takeAdminTitle',
  text: 'admin.takeAdminText',
  run: (user) => admin.changeUser(user.id, { is_admin: false }),
};

export const END_SIGN_INS: Action = {
  label: 'admin.endSignIns',
  title: 'admin.endSignInsTitle',
  text: 'admin.endSignInsText',
  run: (user) => admin.endSignIns(user.id),
};
