import { accounts } from '$lib/api';

export const load = async () => ({ preview: await accounts.erasurePreview() });
