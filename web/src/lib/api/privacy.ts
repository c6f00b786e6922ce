// What the server does with people's data.
import { data, server } from './client';

/** For everybody. */
export const notice = (locale: string) =>
  data(server.GET('/privacy/notice', { params: { query: { locale } } }));

/** For admins. */
export const register = (locale: string) =>
  data(server.GET('/admin/processing-register', { params: { query: { locale } } }));
