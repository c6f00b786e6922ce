// The shapes of the API by the names the product uses for them. They come from the server's own
// document; only where that says less than is known is a shape narrowed here.
import type { components, paths } from './schema';

type Schemas = components['schemas'];

export type Grounding = Schemas['GroundingWord'];
export type Subject = Schemas['SubjectWord'];
export type MemoryVisibility = Schemas['VisibilityWord'];
export type MemoryKind = Schemas['KindWord'];
export type ConsentName = keyof Schemas['ConsentsView'];
export type ConsentChoices = Partial<Record<ConsentName, boolean>> & { locale?: string };
export type PrivacyNotice = Schemas['PrivacyNotice'];
export type ConsentText = Schemas['ConsentText'];

/** What is wrong with one field, in the server's words and perhaps as a word for programs. */
export type FieldProblem = Schemas['ProblemField'] & { code?: string };
export type Problem = Omit<Schemas['Problem'], 'type' | 'errors'> & {
  type?: string;
  errors?: FieldProblem[];
};

export type Setup = Schemas['SetupView'];
export type Account = Schemas['AccountView'];
export type Session = Schemas['SessionView'];
export type Factors = Schemas['FactorsView'];
export type Passkey = Schemas['PasskeyView'];
export type PasskeyQuestion = Schemas['PasskeyQuestion'];
export type PasskeyReply = Schemas['PasskeyReply'];
export type SignIn = Schemas['SignInView'];
export type SignInProvider = Schemas['ProviderView'];
export type LinkedIdentity = Schemas['IdentityView'];
export type ConsentChange = Schemas['ConsentStatement'];

export type Clone = Schemas['CloneView'];
export type CloneDraft = Schemas['NewClone'];
export type CloneChange = Schemas['ClonePatch'];
export type CloneSettings = Schemas['SettingsView'];
export type CloneSettingsChange = Schemas['SettingsPatch'];
export type Contributions = Schemas['ContributionsWord'];

export type Standing = Schemas['StandingView'];
export type StandingText = Schemas['StandingText'];
export type Declaring = Schemas['DeclarationChoice'];
export type Objecting = Schemas['ObjectionChoice'];
export type CloneState = Schemas['StateWord'];
export type Ground = Schemas['GroundWord'];
export type AskedOf = Schemas['AskedView'];

export type Memory = Schemas['MemoryView'];
/** What a memory says, of itself or of a change that waits. */
export type MemorySays = Schemas['SaysView'];
export type Attachment = Schemas['AttachmentView'];
export type MemoryDraft = Schemas['NewMemory'];
export type MemoryChange = Schemas['MemoryPatch'];
export type SearchHit = Schemas['HitView'];
export type Timeline = Schemas['TimelineView'];

export type Space = Schemas['SpaceView'];
export type Role = Schemas['RoleWord'];
export type Reach = Schemas['ReachWord'];
export type Member = Schemas['MemberView'];
export type Invitation = Schemas['InvitationView'];
export type InvitationDraft = Schemas['InvitationChoices'];
export type SpaceGroup = Schemas['GroupView'];
export type SpaceGroups = Schemas['GroupList'];
export type GroupDraft = Schemas['GroupChoices'];
export type Offer = Schemas['OfferView'];

export type ShareLink = Schemas['ShareLinkView'];
export type ShareLinkDraft = Schemas['ShareLinkChoices'];
export type Welcome = Schemas['WelcomeView'];

export type ApiKey = Schemas['ApiKeyView'];
export type KeyDraft = Schemas['NewApiKey'];
export type KeyScope = Schemas['ScopeWord'];
export type KeyUse = Schemas['ApiKeyUse'];

export type User = Schemas['UserView'];
export type Stats = Schemas['StatsView'];
/** How the parts of the server are, by their names. */
export type Health = Omit<Schemas['GatewayHealth'], 'checks'> & {
  checks: Record<string, { status: string; detail?: string }>;
};
export type OidcProvider = Schemas['OidcProviderView'];
export type OidcProviderTest = Schemas['OidcProviderTest'];
export type OidcTrouble = Schemas['ProbeProblemWord'];
export type SignUp = Schemas['RegistrationWord'];
export type AuditEntry = Schemas['AuditEntryView'];
export type AuditChain = Schemas['ChainView'];
export type Activity = Schemas['ActivityView'];
export type BreakGlass = Schemas['BreakGlassView'];
export type Look = Schemas['LookView'];

type Query<Path extends keyof paths> = paths[Path] extends {
  get: { parameters: infer P };
}
  ? P extends { query?: infer Q }
    ? NonNullable<Q>
    : never
  : never;

/** What a list of memories is narrowed by. */
export type MemoryFilter = Pick<
  Query<'/clones/{clone_id}/memories'>,
  'kind' | 'tag' | 'person' | 'place' | 'from' | 'to'
>;
/** What a search is narrowed by, and whether its last word is still being typed. */
export type SearchFilter = Pick<
  Query<'/clones/{clone_id}/search'>,
  'memory_kind' | 'tag' | 'person' | 'place' | 'from' | 'to' | 'typing'
>;

export type Person = Schemas['PersonView'];
export type PersonDraft = Schemas['NewPerson'];

export type Conversation = Schemas['ConversationView'];
export type Message = Schemas['MessageView'];
export type Citation = Schemas['CitationView'];
export type Rating = 1 | -1;
export interface Feedback {
  rating: Rating | 0;
  comment: string | null;
}
export type Retention = Schemas['RetentionView'];
export type LegacyThen = Schemas['LegacyThen'];
export type LegacyNaming = Schemas['ContactChoice'];
export type LegacyOffer = Schemas['OfferedView'];
export type Claim = Schemas['ClaimView'];
export type Claiming = Schemas['ClaimChoice'];
export type ClaimAgainst = Schemas['AgainstView'];
export type ClaimOfAll = Schemas['RunningView'];
export type TrashItem = Schemas['TrashView'];
export type Notification = Schemas['NotificationView'];
export type NotificationTopic = Schemas['TopicWord'];

/** How the server proves that it is itself, and where other devices find it. */
export interface TrustInfo {
  tls: 'off' | 'files' | 'local';
  /** The server listens on its own machine alone. */
  only_here: boolean;
  names: string[];
  addresses: string[];
  authority: { name: string; fingerprint: string; ends_at: string } | null;
}

/** The events of an answer under way. */
export type AnswerEvent =
  | { event: 'start'; data: Schemas['AnswerStarted'] }
  | { event: 'sources'; data: Schemas['AnswerSources'] }
  | { event: 'delta'; data: Schemas['AnswerDelta'] }
  | { event: 'done'; data: Schemas['AnswerDone'] }
  | { event: 'error'; data: Problem };

export type Backups = Schemas['BackupsView'];
export type Backup = Schemas['BackupView'];
export type BackupPlace = Schemas['BackupPlace'];
export type BackupTrial = Schemas['BackupTrial'];
export type BackupContents = Schemas['TriedView'];
export type NewRecoveryKey = Schemas['NewRecoveryKeyView'];
export type Restore = Schemas['RestoreView'];
export type RestorePlace = Schemas['RestorePlace'];
