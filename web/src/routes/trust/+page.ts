// Readable by a phone that trusts nothing here yet, so it asks for nothing but this.
import { trust } from '$lib/api';

export const load = async () => ({ info: await trust.info() });
