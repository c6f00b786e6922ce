import { expect, test } from 'vitest';
import { draftOf, idFrom, settingsOf } from './providers';

test('a short name is made of the name that people read', () => {
  expect(idFrom('Family login')).toBe('family-login');
  expect(idFrom('  Élysée — Connexion! ')).toBe('elysee-connexion');
  expect(idFrom('家族')).toBe('');
  expect(idFrom('a'.repeat(50))).toHaveLength(32);
});

test('an empty text is none, and a secret that was not typed is not touched', () => {
  const draft = { ...draftOf(null), name: ' Home ', client_id: 'memoria' };
  expect(settingsOf(draft)).toEqual({
    name: 'Home',
    client_id: 'memoria',
    sign_up: 'invite',
    trusted_email: false,
    scopes: ['email', 'profile'],
    groups_claim: null,
    admin_group: null,
  });
  expect(settingsOf({ ...draft, client_secret: 'new' })).toHaveProperty('client_secret', 'new');
});
