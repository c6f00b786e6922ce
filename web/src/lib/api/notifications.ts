// What the account was told.
import { data, done, server } from './client';

/** The server keeps no more than one page of them. */
export const inbox = () =>
  data(server.GET('/notifications', { params: { query: { limit: 200 } } }));

/** How many are unread. */
export const unread = async () =>
  (await data(server.GET('/notifications', { params: { query: { limit: 1 } } }))).unread;

export const read = (notification_id: string) =>
  done(
    server.POST('/notifications/{notification_id}/read', {
      params: { path: { notification_id } },
    }),
  );

export const readAll = () => done(server.POST('/notifications/read'));
