// What the profile form holds, and how it becomes a body for the server.
import type { Clone, CloneChange, CloneDraft, Subject } from '$lib/api';
import { edtfFromWords } from '$lib/i18n/saydate';
import type { MessageKey } from '$lib/i18n/index.svelte';

export interface ProfileFields {
  name: string;
  relationship: string;
  subject: Subject;
  born: string;
  died: string;
  description: string;
  biography: string;
  language: string;
  traits: string[];
  style: string;
  greeting: string;
  instructions: string;
}

export const SUBJECTS: { id: Subject; label: MessageKey }[] = [
  { id: 'deceased', label: 'subject.deceased' },
  { id: 'living', label: 'subject.living' },
  { id: 'self', label: 'subject.self' },
  { id: 'fictional', label: 'subject.fictional' },
];

const TEXTS = [
  'relationship',
  'description',
  'biography',
  'language',
  'style',
  'greeting',
  'instructions',
] as const;

export function profileFields(clone?: Clone): ProfileFields {
  return {
    name: clone?.name ?? '',
    relationship: clone?.relationship ?? '',
    subject: clone?.subject ?? 'deceased',
    born: clone?.born ?? '',
    died: clone?.died ?? '',
    description: clone?.description ?? '',
    biography: clone?.biography ?? '',
    language: clone?.language ?? '',
    traits: [...(clone?.traits ?? [])],
    style: clone?.style ?? '',
    greeting: clone?.greeting ?? '',
    instructions: clone?.instructions ?? '',
  };
}

/** A date nobody could read goes to the server as typed: its answer names the field. */
function dateOf(said: string, tag: string): string | null {
  const text = said.trim();
  return text === '' ? null : (edtfFromWords(text, tag) ?? text);
}

export function profileDraft(fields: ProfileFields, tag: string): CloneDraft {
  const draft: CloneDraft = {
    name: fields.name.trim(),
    subject: fields.subject,
  };
  for (const key of TEXTS) {
    const text = fields[key].trim();
    if (text) draft[key] = text;
  }
  const born = dateOf(fields.born, tag);
  const died = fields.subject === 'deceased' ? dateOf(fields.died, tag) : null;
  if (born) draft.born = born;
  if (died) draft.died = died;
  if (fields.traits.length > 0) draft.traits = fields.traits;
  return draft;
}

export function profileChange(before: Clone, fields: ProfileFields, tag: string): CloneChange {
  const change: CloneChange = {};
  if (fields.name.trim() !== before.name) change.name = fields.name.trim();
  if (fields.subject !== before.subject) change.subject = fields.subject;
  for (const key of TEXTS) {
    const text = fields[key].trim() || null;
    if (text !== (before[key] ?? null)) change[key] = text;
  }
  const dates = {
    born: dateOf(fields.born, tag),
    died: dateOf(fields.died, tag),
  };
  for (const key of ['born', 'died'] as const) {
    if (dates[key] !== before[key]) change[key] = dates[key];
  }
  if (fields.traits.join('\n') !== before.traits.join('\n')) change.traits = fields.traits;
  return change;
}
