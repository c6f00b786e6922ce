// Speaks with the browser's passkeys. The server's JSON is that of the WebAuthn specification;
// browsers that cannot read it themselves are still around, so it is read here.
import type { PasskeyQuestion, PasskeyReply } from '$lib/api';

/** Whether this browser has passkeys at this address: not over plain HTTP, not for bare numbers. */
export function passkeysHere(place: Location = window.location): boolean {
  const bare = /^[\d.]+$|^\[/.test(place.hostname);
  return window.isSecureContext && !bare && 'PublicKeyCredential' in window;
}

/** The person closed the browser's question, or it found nothing to answer with. */
export class NoAnswer extends Error {
  constructor(readonly known: boolean) {
    super('no answer');
  }
}

type Json = Record<string, unknown>;

function bytes(text: unknown): ArrayBuffer {
  const plain = String(text).replace(/-/g, '+').replace(/_/g, '/');
  return Uint8Array.from(atob(plain), (c) => c.charCodeAt(0)).buffer;
}

function text(buffer: ArrayBuffer | null): string | null {
  if (!buffer) return null;
  const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return plain.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

const descriptors = (list: unknown) =>
  ((list ?? []) as Json[]).map((each) => ({ ...each, id: bytes(each['id']) }));

async function answered(pending: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await pending;
    if (credential instanceof PublicKeyCredential) return credential;
  } catch (error) {
    throw new NoAnswer(error instanceof DOMException && error.name === 'InvalidStateError');
  }
  throw new NoAnswer(false);
}

function said(credential: PublicKeyCredential, response: Json): Json {
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: {
      ...response,
      clientDataJSON: text(credential.response.clientDataJSON),
    },
    clientExtensionResults: {},
  };
}

/** Has the browser make a passkey. */
export async function makePasskey(question: PasskeyQuestion): Promise<PasskeyReply> {
  const options = question.options as Json;
  const user = options['user'] as Json;
  const publicKey = {
    ...options,
    challenge: bytes(options['challenge']),
    user: { ...user, id: bytes(user['id']) },
    excludeCredentials: descriptors(options['excludeCredentials']),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = await answered(navigator.credentials.create({ publicKey }));
  const response = made.response as AuthenticatorAttestationResponse;
  const credential = said(made, {
    attestationObject: text(response.attestationObject),
  });
  return { id: question.id, credential };
}

/** Has the browser answer with one of its passkeys. */
export async function usePasskey(question: PasskeyQuestion): Promise<PasskeyReply> {
  const options = question.options as Json;
  const publicKey = {
    ...options,
    challenge: bytes(options['challenge']),
    allowCredentials: descriptors(options['allowCredentials']),
    extensions: {},
  } as unknown as PublicKeyCredentialRequestOptions;
  const found = await answered(navigator.credentials.get({ publicKey }));
  const response = found.response as AuthenticatorAssertionResponse;
  const credential = said(found, {
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: text(response.userHandle),
  });
  return { id: question.id, credential };
}
