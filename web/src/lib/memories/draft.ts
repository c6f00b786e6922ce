// What the form holds, and the smallest body that says it to the server.
import type { Memory, MemoryChange, MemoryDraft, MemoryKind, MemoryVisibility } from '$lib/api';
import { isEdtf } from '$lib/i18n/saydate';

export interface MemoryFields {
  content: string;
  title: string;
  when: string;
  place: string;
  people: string[];
  tags: string[];
  kind: MemoryKind;
  visibility: MemoryVisibility;
}

export function blankFields(about = ''): MemoryFields {
  return {
    content: about,
    title: '',
    when: '',
    place: '',
    people: [],
    tags: [],
    kind: 'story',
    visibility: 'space',
  };
}

export function fieldsOf(memory: Memory): MemoryFields {
  return {
    content: memory.content,
    title: memory.title ?? '',
    when: memory.occurred_text ?? memory.occurred_at ?? '',
    place: memory.place ?? '',
    people: [...memory.people],
    tags: [...memory.tags],
    kind: memory.kind,
    visibility: memory.visibility,
  };
}

function datesOf(when: string): Pick<MemoryDraft, 'occurred_at' | 'occurred_text'> {
  const said = when.trim();
  if (said === '') return {};
  return isEdtf(said) ? { occurred_at: said } : { occurred_text: said };
}

export function draftOf(fields: MemoryFields): MemoryDraft {
  const title = fields.title.trim();
  const place = fields.place.trim();
  return {
    content: fields.content.trim(),
    ...(title && { title }),
    ...(place && { place }),
    ...datesOf(fields.when),
    kind: fields.kind,
    visibility: fields.visibility,
    people: fields.people,
    tags: fields.tags,
  };
}

/** Only what differs; an emptied field becomes null, and a new date replaces both of its forms. */
export function changeOf(before: Memory, fields: MemoryFields): MemoryChange {
  const old = fieldsOf(before);
  const change: MemoryChange = {};
  const text = (value: string) => (value.trim() === '' ? null : value.trim());
  if (fields.content.trim() !== old.content) change.content = fields.content.trim();
  if (text(fields.title) !== text(old.title)) change.title = text(fields.title);
  if (text(fields.place) !== text(old.place)) change.place = text(fields.place);
  if (fields.kind !== old.kind) change.kind = fields.kind;
  if (fields.visibility !== old.visibility) change.visibility = fields.visibility;
  if (fields.people.join('\n') !== old.people.join('\n')) change.people = fields.people;
  if (fields.tags.join('\n') !== old.tags.join('\n')) change.tags = fields.tags;
  if (fields.when.trim() !== old.when) {
    const dates = datesOf(fields.when);
    if (dates.occurred_text) change.occurred_text = dates.occurred_text;
    else
      Object.assign(change, {
        occurred_at: dates.occurred_at ?? null,
        occurred_text: null,
      });
  }
  return change;
}
