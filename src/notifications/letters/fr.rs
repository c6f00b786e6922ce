//! Mails in French.

use super::super::topic::Topic;
use super::{Message, Tongue};

pub(super) const TONGUE: Tongue = Tongue {
    notices: &NOTICES,
    another_service: " un autre service",
    unknown_device: "appareil inconnu",
    command_line: "ligne de commande",
    no_reason: " aucune",
    nothing: " rien",
    listed: " c’est indiqué dans vos notifications",
    when: "Quand :",
    who: "Qui :",
    until: "Jusqu’à :",
    role: "Votre rôle :",
    roles: ["visiteur", "contributeur", "responsable", "propriétaire"],
    not_you: "Si c’était vous, il n’y a rien à faire.\n\
              Sinon, changez tout de suite votre mot de passe et fermez les autres connexions.",
    account: "Votre compte :",
    inbox: "Toutes vos notifications :",
    reset: Message {
        subject: "Choisir un nouveau mot de passe",
        lead: "Quelqu’un a demandé un nouveau mot de passe pour votre compte.\n\
               Si c’était vous, continuez ici :",
        end: "Cela marche une seule fois, pendant une demi-heure au plus.\n\
              Sinon, ne faites rien : votre mot de passe reste le même.",
    },
    verification: Message {
        subject: "Est-ce votre adresse ?",
        lead: "Quelqu’un a donné cette adresse pour un compte CloneMemoria.\n\
               Si c’était vous, confirmez-la ici :",
        end: "Sinon, ne faites rien.",
    },
    invitation: Message {
        subject: "Une invitation pour vous",
        lead: "Quelqu’un vous invite dans un espace{} de CloneMemoria, où l’on garde\n\
               des souvenirs ensemble. Pour accepter, continuez ici :",
        end: "Si vous ne savez pas de quoi il s’agit, ne faites rien.",
    },
    here: "Je suis là, arrêtez :",
    named: Message {
        subject: "Quelqu’un vous confie son héritage",
        lead: "Quelqu’un vous a désigné{} comme la personne qui reçoit, après sa mort,\n\
               ce qui est à lui sur un serveur CloneMemoria. Il n’y a rien à faire\n\
               maintenant. Cette personne a une clé pour vous, sur papier ; gardez-la bien.\n\
               Le moment venu, c’est ici qu’elle servira :",
        end: "Si vous ne savez pas de qui il s’agit, ne faites rien.",
    },
    code: "Saisissez ce code sur la page de votre serveur :",
    quotes: ("« ", " »"),
    footer: "Vous recevez ce message parce qu’il concerne votre compte CloneMemoria.",
};

/// Subject and first sentence of each notice; `{}` is the name that it gives.
const NOTICES: [(Topic, &str, &str); 49] = [
    (
        Topic::NewDevice,
        "Un nouvel appareil est connecté",
        "Votre compte a été ouvert sur un nouvel appareil{}.",
    ),
    (
        Topic::PasswordChanged,
        "Votre mot de passe a changé",
        "Le mot de passe de votre compte a été changé.",
    ),
    (
        Topic::PasswordReset,
        "Votre mot de passe a été remplacé",
        "Un nouveau mot de passe a été choisi pour votre compte, par un lien reçu par mail \
         ou par l’opérateur.",
    ),
    (
        Topic::EmailChanged,
        "Votre adresse a changé",
        "Votre compte a désormais une autre adresse e-mail.",
    ),
    (
        Topic::SecondFactorAdded,
        "La connexion demande une deuxième étape",
        "Désormais, ouvrir votre compte demande aussi un code de votre application.",
    ),
    (
        Topic::SecondFactorRemoved,
        "La connexion ne demande plus de deuxième étape",
        "Ouvrir votre compte ne demande plus de code d’une application.",
    ),
    (
        Topic::PasskeyAdded,
        "Une clé d’accès a été ajoutée",
        "Une nouvelle clé d’accès ouvre votre compte.",
    ),
    (
        Topic::PasskeyRemoved,
        "Une clé d’accès a été retirée",
        "Une clé d’accès n’ouvre plus votre compte.",
    ),
    (
        Topic::PasskeyCopied,
        "Une clé d’accès a été refusée",
        "Quelqu’un s’est présenté avec une de vos clés d’accès qui semble être une copie. Elle a \
         été refusée ; retirez-la et ajoutez-en une autre.",
    ),
    (
        Topic::IdentityLinked,
        "Une autre façon de se connecter a été ajoutée",
        "Votre compte peut aussi être ouvert par{}.",
    ),
    (
        Topic::IdentityUnlinked,
        "Une façon de se connecter a été retirée",
        "Votre compte ne peut plus être ouvert par{}.",
    ),
    (
        Topic::ApiKeyCreated,
        "Une clé pour programmes a été créée",
        "Une clé{} permet à des programmes d’agir pour votre compte.",
    ),
    (
        Topic::SignInReused,
        "Une connexion a peut-être été volée",
        "Une de vos connexions a servi deux fois, ce qui arrive quand quelqu’un l’a copiée. \
         Elle est fermée, et vous devez vous reconnecter.",
    ),
    (
        Topic::RecoveryCodeUsed,
        "Un code de secours a servi",
        "Votre compte a été ouvert avec un code de secours au lieu d’un code de \
         l’application.",
    ),
    (
        Topic::RecoveryCodesRenewed,
        "Vos codes de secours ont été remplacés",
        "Il y a de nouveaux codes de secours pour votre compte ; les anciens ne marchent plus.",
    ),
    (
        Topic::ShareLinkCreated,
        "Un lien vers un clone a été créé",
        "Votre compte a créé un lien qui permet de parler sans avoir de compte avec le clone{}.",
    ),
    (
        Topic::CloneShared,
        "Un clone de votre espace a été partagé",
        "Une personne qui s'occupe de votre espace a créé un lien qui permet de parler sans avoir \
         de compte avec le clone{}.",
    ),
    (
        Topic::DataExported,
        "Vos données ont été exportées",
        "Tout ce que contient votre compte a été copié dans un fichier.",
    ),
    (
        Topic::BreakGlass,
        "Un administrateur a ouvert vos données",
        "Un administrateur du serveur peut lire pendant quelque temps ce qui est dans votre\n\
         espace personnel : vos clones, leurs souvenirs et vos conversations avec eux. Il ne\n\
         peut rien changer. La raison donnée :{}",
    ),
    (
        Topic::BreakGlassEnded,
        "Un administrateur ne peut plus lire vos données",
        "Un administrateur du serveur pouvait lire ce qui est dans votre espace personnel, et\n\
         ne le peut plus. Ce qu’il a ouvert :{}",
    ),
    (
        Topic::SpaceInvitation,
        "Une invitation dans un espace",
        "Quelqu’un vous invite dans l’espace{}.",
    ),
    (
        Topic::RoleChanged,
        "Votre rôle dans un espace a changé",
        "Vous pouvez faire d’autres choses qu’avant dans l’espace{}.",
    ),
    (
        Topic::SpaceHandedOver,
        "Un espace est à vous",
        "Quelqu’un vous a confié l’espace{} : désormais, vous décidez qui en fait partie.",
    ),
    (
        Topic::RemovedFromSpace,
        "Vous ne faites plus partie d’un espace",
        "Une personne qui s’en occupe vous a retiré de l’espace{}.",
    ),
    (
        Topic::CloneMoved,
        "Un clone n’est plus dans votre espace",
        "Une personne qui s’en occupe a mis un clone dans un autre espace, où vous ne pouvez pas \
         lui parler :{}.",
    ),
    (
        Topic::SubjectAgreed,
        "Une personne accepte son clone",
        "La personne dont parle le clone{} a donné son accord.",
    ),
    (
        Topic::SubjectDeclined,
        "Une personne ne veut pas de son clone",
        "La personne dont parle le clone{} n’en veut pas : il se repose, et elle seule \
         peut en décider autrement.",
    ),
    (
        Topic::CloneObjected,
        "Quelqu’un s’oppose à un clone",
        "Un proche de la personne s’oppose au clone{}. Il se repose jusqu’à ce que ce \
         soit réglé.",
    ),
    (
        Topic::ObjectionWithdrawn,
        "Une opposition a été retirée",
        "Quelqu’un a retiré son opposition au clone{}.",
    ),
    (
        Topic::ClonePaused,
        "Un clone se repose",
        "Le clone{} se repose : personne ne lui parle. Ce qui lui a été raconté peut \
         être lu.",
    ),
    (
        Topic::CloneRetired,
        "Un clone est gardé pour la lecture",
        "Le clone{} a été mis au repos. Ce qui lui a été raconté reste et peut être lu.",
    ),
    (Topic::CloneWoken, "Un clone est de nouveau là", "On peut de nouveau parler avec le clone{}."),
    (
        Topic::ContributionWaits,
        "Quelque chose vous attend",
        "Quelqu’un a écrit quelque chose pour le clone{}. Ce sera utilisé quand vous, ou une autre \
         personne qui s’en occupe, l’aurez accepté.",
    ),
    (
        Topic::ContributionApproved,
        "Ce que vous avez écrit est accepté",
        "Ce que vous avez écrit pour le clone{} a été accepté.",
    ),
    (
        Topic::ContributionDeclined,
        "Ce que vous avez écrit n’est pas accepté",
        "Ce que vous avez écrit pour le clone{} n’a pas été accepté. Vous l’avez toujours, vous \
         pouvez le changer et demander à nouveau.",
    ),
    (
        Topic::LegacyContactSet,
        "Votre contact légataire a été désigné",
        "Votre compte indique qui reçoit ce qui est à vous après votre mort :{}.",
    ),
    (
        Topic::LegacyContactRemoved,
        "Votre contact légataire a été retiré",
        "Votre compte ne désigne plus personne qui reçoive ce qui est à vous après votre mort.",
    ),
    (
        Topic::LegacyClaimed,
        "Quelqu’un dit que vous êtes décédé",
        "Quelqu’un qui a la clé de votre héritage dit que vous êtes décédé. Si personne ne\n\
         l’arrête, ce que vous avez choisi pour ce cas sera exécuté. Si vous lisez ceci,\n\
         arrêtez-le : connectez-vous, ou suivez le lien de ce message.",
    ),
    (
        Topic::LegacyClaimRuns,
        "Quelqu’un demande un héritage",
        "Quelqu’un dit qu’une personne qui a un compte sur votre serveur est décédée :{}.\n\
         Ce qu’elle a choisi pour ce cas sera exécuté après son délai. Si vous savez que c’est\n\
         faux, vous pouvez l’arrêter.",
    ),
    (
        Topic::LegacyClaimStopped,
        "Une demande d’héritage a été arrêtée",
        "La demande qui disait quelqu’un décédé a été arrêtée :{}.",
    ),
    (
        Topic::LegacyCarriedOut,
        "Un héritage a été exécuté",
        "Ce que quelqu’un avait choisi pour après sa mort a été exécuté :{}.",
    ),
    (
        Topic::AdminGranted,
        "Vous administrez le serveur",
        "Votre compte administre désormais le serveur : il peut voir les comptes et changer à \
         quoi ils servent.",
    ),
    (
        Topic::AdminRevoked,
        "Vous n’administrez plus le serveur",
        "Votre compte n’administre plus le serveur. Vos souvenirs restent tels quels.",
    ),
    (
        Topic::LockedOut,
        "Toutes vos connexions ont été fermées",
        "Un administrateur a fermé toutes les connexions de votre compte et toutes ses clés pour \
         programmes. Vous pouvez vous reconnecter comme avant.",
    ),
    (
        Topic::Suspended,
        "Votre compte est suspendu",
        "Un administrateur a suspendu votre compte : pour l’instant personne ne peut l’ouvrir, \
         vous non plus. Ce qu’il contient reste. Demandez-lui si vous ne savez pas pourquoi.",
    ),
    (
        Topic::Unsuspended,
        "Votre compte est de nouveau ouvert",
        "Votre compte n’est plus suspendu. Vous pouvez vous connecter comme avant.",
    ),
    (
        Topic::RecoveryKeySet,
        "Une clé de récupération des sauvegardes a été créée",
        "Votre compte a créé une nouvelle clé de récupération. Elle ouvre désormais les\n\
         sauvegardes du serveur et les copies de ses clés ; la précédente n’ouvre plus que les\n\
         anciennes sauvegardes.",
    ),
    (
        Topic::BackupFailed,
        "Une sauvegarde du serveur a échoué",
        "Une sauvegarde prévue n’a pas pu être faite, ou ne se trouve pas partout. Elle est\n\
         retentée toutes les heures ; vous n’en serez averti à nouveau qu’après une réussite.\n\
         Ce qui a échoué :{}",
    ),
    (
        Topic::BackupOverdue,
        "Le serveur n’a pas été sauvegardé depuis longtemps",
        "Aucune sauvegarde n’a été faite depuis plus de deux fois l’intervalle prévu. Regardez\n\
         la page « Sauvegardes » du serveur, ou son journal.",
    ),
];
