// What the rest of the app imports to speak with the server.
export * as accounts from './accounts';
export * as admin from './admin';
export * as answers from './answers';
export * as clones from './clones';
export * as conversations from './conversations';
export * as identities from './identities';
export * as keys from './keys';
export * as memories from './memories';
export * as notifications from './notifications';
export * as privacy from './privacy';
export * as trust from './trust';
export * as security from './security';
export * as shares from './shares';
export * as spaces from './spaces';
export * as standing from './standing';
export { onSignedOut } from './client';
export { ApiError, asApiError } from './problem';
export type * from './types';
