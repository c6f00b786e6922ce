//! What register and notice say, in English and French.

/// One thing that is done, as it is written.
pub(super) struct Written {
    pub(super) id: &'static str,
    pub(super) purpose: &'static str,
    pub(super) basis: &'static str,
    pub(super) people: &'static str,
    pub(super) data: &'static str,
    pub(super) kept: &'static str,
}

/// All that is said in one language.
pub(super) struct Words {
    pub(super) locale: &'static str,
    pub(super) activities: &'static [Written],
    pub(super) rights: &'static [&'static str],
    pub(super) protection: &'static [&'static str],
}

/// The words nearest to a language.
pub(super) fn words(locale: &str) -> &'static Words {
    if locale.to_ascii_lowercase().split('-').next() == Some("fr") { &FR } else { &EN }
}

const EN: Words = Words {
    locale: "en",
    activities: &[
        Written {
            id: "memories",
            purpose: "Keeping memories, searching them, and answering questions with quotes of \
                      them, on this server.",
            basis: "Consent (data_processing), GDPR Art. 6(1)(a); Art. 9(2)(a) where what is \
                    remembered is of a special kind.",
            people: "Who has an account, and those of whom they tell.",
            data: "Memories, people, clones, questions and answers, and what is made of them for \
                   searching.",
            kept: "Until they are deleted; then {trash} days in the trash. Conversations as long \
                   as those who look after the clone keep them, if they chose a time.",
        },
        Written {
            id: "answers_elsewhere",
            purpose: "Having answers written by a language model.",
            basis: "Consent: data_processing; for a service that others run also \
                    third_party_apis, of who asks, who owns the space, and who wrote the memories.",
            people: "Who asks, who wrote the memories, and those of whom they tell.",
            data: "The question, what was said before, the clone's profile, and memories that fit.",
            kept: "Here with the conversation, until it is deleted and {trash} days more. There as \
                   long as the service says.",
        },
        Written {
            id: "accounts",
            purpose: "Letting people in, and nobody else.",
            basis: "Providing the account, GDPR Art. 6(1)(b).",
            people: "Who has an account.",
            data: "Address, name, language, time zone, hashed password, factors, sign-ins, keys, \
                   memberships, consents.",
            kept: "As long as the account is there. A sign-in ends after {session} days.",
        },
        Written {
            id: "sign_in_elsewhere",
            purpose: "Signing in with a provider that one has chosen.",
            basis: "Providing the account, GDPR Art. 6(1)(b).",
            people: "Who chooses to.",
            data: "That somebody signs in here; what the provider tells: address, name, groups.",
            kept: "Until it is unlinked.",
        },
        Written {
            id: "mail",
            purpose: "Telling people by mail what happens to their account, and inviting them.",
            basis: "Legitimate interest in a safe account, GDPR Art. 6(1)(f).",
            people: "Who has an account, and who is invited.",
            data: "The address, and what the mail says.",
            kept: "A mail that cannot be sent is given up after days.",
        },
        Written {
            id: "legacy",
            purpose: "Doing after somebody's death what they chose for it.",
            basis: "Providing the account, GDPR Art. 6(1)(b); for whom they name, legitimate \
                    interest, Art. 6(1)(f).",
            people: "Who names somebody, and who is named.",
            data: "Name and address of the one who is named, the wait, a note; who said that \
                   somebody has died, in which words.",
            kept: "Until it is changed, or carried out; a claim that was stopped for a year.",
        },
        Written {
            id: "audit",
            purpose: "Knowing what happened to the safety of accounts.",
            basis: "Legitimate interest in a safe server, GDPR Art. 6(1)(f).",
            people: "Who has an account.",
            data: "What was done, when, and by which account; nothing that anybody wrote.",
            kept: "{audit} days.",
        },
        Written {
            id: "backups",
            purpose: "Having everything back after a loss.",
            basis: "Legitimate interest in not losing anything, GDPR Art. 6(1)(f).",
            people: "Everybody whose data is here.",
            data: "Everything, sealed.",
            kept: "The newest {backups} at each place. What is erased cannot be read in them: its \
                   key is destroyed.",
        },
    ],
    rights: &[
        "See it and take it along: in your account, “Take everything along”.",
        "Correct it: whatever you wrote you can change; earlier words are neither found nor told \
         any more.",
        "Delete it: it waits {trash} days in the trash, or goes at once if you empty that.",
        "Have everything erased, with a receipt: in your account, “Erase everything”.",
        "Have it stored and nothing else: in your account, “Only store”.",
        "Withdraw what you agreed to: in your account, “What you allow”; it is heard within a \
         minute.",
        "Complain to the authority for data protection where you live.",
    ],
    protection: &[
        "What people keep is sealed on the disk, with a key of their own.",
        "Nothing is measured or reported to anybody, and no page loads anything from elsewhere.",
    ],
};

const FR: Words = Words {
    locale: "fr",
    activities: &[
        Written {
            id: "memories",
            purpose: "Conserver des souvenirs, y chercher, et répondre aux questions en les \
                      citant, \
                      sur ce serveur.",
            basis: "Consentement (data_processing), RGPD art. 6(1)(a) ; art. 9(2)(a) lorsque ce \
                    dont \
                    on se souvient est d’une catégorie particulière.",
            people: "Qui a un compte, et les personnes dont il est question.",
            data: "Souvenirs, personnes, clones, questions et réponses, et ce qui en est tiré pour \
                   la recherche.",
            kept: "Jusqu’à leur suppression ; puis {trash} jours à la corbeille. \
                   Les conversations, le temps choisi par celles et ceux qui s’occupent du clone.",
        },
        Written {
            id: "answers_elsewhere",
            purpose: "Faire écrire des réponses par un modèle de langage.",
            basis: "Consentement : data_processing ; pour un service géré par d’autres, aussi \
                    third_party_apis, de qui demande, de qui possède l’espace et de qui a écrit \
                    les \
                    souvenirs.",
            people: "Qui demande, qui a écrit les souvenirs, et les personnes dont il est \
                     question.",
            data: "La question, ce qui a été dit avant, le profil du clone, et les souvenirs qui \
                   répondent.",
            kept: "Ici avec la conversation, jusqu’à sa suppression et {trash} jours de plus. \
                   Là-bas aussi longtemps que le service le dit.",
        },
        Written {
            id: "accounts",
            purpose: "Laisser entrer les personnes, et personne d’autre.",
            basis: "Fournir le compte, RGPD art. 6(1)(b).",
            people: "Qui a un compte.",
            data: "Adresse, nom, langue, fuseau horaire, mot de passe haché, facteurs, connexions, \
                   clés, appartenances, consentements.",
            kept: "Tant que le compte existe. Une connexion prend fin après {session} jours.",
        },
        Written {
            id: "sign_in_elsewhere",
            purpose: "Se connecter avec un fournisseur que l’on a choisi.",
            basis: "Fournir le compte, RGPD art. 6(1)(b).",
            people: "Qui le choisit.",
            data: "Qu’une personne se connecte ici ; ce que dit le fournisseur : adresse, nom, \
                   groupes.",
            kept: "Jusqu’à la dissociation.",
        },
        Written {
            id: "mail",
            purpose: "Dire par courriel ce qui arrive au compte, et inviter.",
            basis: "Intérêt légitime à un compte sûr, RGPD art. 6(1)(f).",
            people: "Qui a un compte, et qui est invité.",
            data: "L’adresse, et ce que dit le courriel.",
            kept: "Un courriel qui ne peut pas partir est abandonné après quelques jours.",
        },
        Written {
            id: "legacy",
            purpose: "Faire après la mort d’une personne ce qu’elle a choisi pour cela.",
            basis: "Fournir le compte, RGPD art. 6(1)(b) ; pour la personne désignée, intérêt \
                    légitime, art. 6(1)(f).",
            people: "Qui désigne une personne, et qui est désigné.",
            data: "Nom et adresse de la personne désignée, le délai, un mot ; qui a dit que \
                   quelqu’un est décédé, et en quels termes.",
            kept: "Jusqu’au changement ou à l’exécution ; une demande arrêtée, un an.",
        },
        Written {
            id: "audit",
            purpose: "Savoir ce qui est arrivé à la sécurité des comptes.",
            basis: "Intérêt légitime à un serveur sûr, RGPD art. 6(1)(f).",
            people: "Qui a un compte.",
            data: "Ce qui a été fait, quand, et par quel compte ; rien de ce que quelqu’un a \
                   écrit.",
            kept: "{audit} jours.",
        },
        Written {
            id: "backups",
            purpose: "Tout retrouver après une perte.",
            basis: "Intérêt légitime à ne rien perdre, RGPD art. 6(1)(f).",
            people: "Toute personne dont des données sont ici.",
            data: "Tout, scellé.",
            kept: "Les {backups} dernières à chaque endroit. Ce qui a été effacé n’y est plus \
                   lisible : sa clé est détruite.",
        },
    ],
    rights: &[
        "Voir et emporter : dans votre compte, « Tout emporter ».",
        "Corriger : tout ce que vous avez écrit peut être changé ; les mots d’avant ne sont plus \
         ni \
         trouvés ni dits.",
        "Supprimer : {trash} jours à la corbeille, ou tout de suite si vous la videz.",
        "Tout faire effacer, avec un reçu : dans votre compte, « Tout effacer ».",
        "Le faire conserver et rien d’autre : dans votre compte, « Conserver seulement ».",
        "Retirer ce que vous avez accepté : dans votre compte, « Ce que vous autorisez » ; c’est \
         entendu en moins d’une minute.",
        "Vous plaindre auprès de l’autorité de protection des données de votre pays.",
    ],
    protection: &[
        "Ce que les personnes conservent est scellé sur le disque, avec une clé à elles.",
        "Rien n’est mesuré ni rapporté à qui que ce soit, et aucune page ne charge quoi que ce \
         soit \
         d’ailleurs.",
    ],
};
