// A mail server that takes everything and keeps it, for tests that follow the links in mails.
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Mail {
  to: string;
  /** What a person reads of it. */
  text: string;
}

export interface Mailbox {
  /** What a server is told to send its mails through it. */
  environment: Record<string, string>;
  mails: Mail[];
  /** The link in the newest mail to somebody; waits for it to come. */
  linkTo(to: string, path: string): Promise<string>;
  stop(): Promise<void>;
}

const SECONDS = 20;

/** Undoes quoted-printable, which is how lettre writes lines that are long or not ASCII. */
function decoded(body: string): string {
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function serve(socket: Socket, take: (mail: Mail) => void): void {
  let unread = '';
  let to = '';
  let writing = false;
  socket.setEncoding('latin1');
  socket.write('220 mailbox\r\n');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    unread += chunk;
    for (;;) {
      const end = unread.indexOf(writing ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const said = unread.slice(0, end);
      unread = unread.slice(end + (writing ? 5 : 2));
      if (writing) take({ to, text: decoded(said) });
      else to = /^RCPT TO:<([^>]+)>/i.exec(said)?.[1] ?? to;
      const begins = !writing && /^DATA/i.test(said);
      writing = begins;
      socket.write(begins ? '354 go on\r\n' : '250 ok\r\n');
      if (/^QUIT/i.test(said)) socket.end();
    }
  });
}

export async function startMailbox(): Promise<Mailbox> {
  const mails: Mail[] = [];
  const server = createServer((socket) => serve(socket, (mail) => mails.push(mail)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      CLONEMEMORIA_MAIL_HOST: '127.0.0.1',
      CLONEMEMORIA_MAIL_PORT: String(port),
      CLONEMEMORIA_MAIL_ENCRYPTION: 'none',
      CLONEMEMORIA_MAIL_FROM: 'memoria@example.org',
    },
    mails,
    async linkTo(to, path) {
      const link = new RegExp(`https?://\\S+/${path}\\?token=[\\w~.-]+`);
      for (let i = 0; i < SECONDS * 10; i++) {
        const found = [...mails].reverse().find((mail) => mail.to === to && link.test(mail.text));
        const text = found && link.exec(found.text)?.[0];
        if (text) return text;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`no mail to ${to} leads to /${path}: ${JSON.stringify(mails)}`);
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
