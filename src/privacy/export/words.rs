//! What the page of an export says, in the languages of its readers.

/// The sentences of the page. `{}` stands for a name, a number or a date.
pub(super) struct Words {
    pub(super) lang: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) memories: &'static str,
    pub(super) no_memories: &'static str,
    pub(super) undated: &'static str,
    pub(super) conversations: &'static str,
    pub(super) no_conversations: &'static str,
    pub(super) you: &'static str,
    pub(super) clone: &'static str,
    pub(super) sees: &'static str,
    pub(super) sees_lead: &'static str,
    pub(super) only_you: &'static str,
    pub(super) stewards: &'static str,
    pub(super) space: &'static str,
    pub(super) own_space: &'static str,
    pub(super) everybody: &'static str,
    pub(super) members: &'static str,
    pub(super) roles: [(&'static str, &'static str); 4],
    pub(super) agreed: &'static str,
    pub(super) given: &'static str,
    pub(super) withdrawn: &'static str,
    pub(super) providers: &'static str,
    pub(super) answers: &'static str,
    pub(super) no_answers: &'static str,
    pub(super) trash: &'static str,
    pub(super) rest: &'static str,
}

/// The words nearest to a language.
pub(super) fn words(locale: &str) -> &'static Words {
    if locale.to_ascii_lowercase().split('-').next() == Some("fr") { &FR } else { &EN }
}

const EN: Words = Words {
    lang: "en",
    title: "What is kept of {}",
    lead: "This is everything that the server kept of you on {}. You can read this page without \
           the internet, on any computer, and print it.",
    memories: "Your memories of {}",
    no_memories: "You have not written any memory down yet.",
    undated: "Without a date",
    conversations: "Your conversations",
    no_conversations: "You have not talked with a clone yet.",
    you: "You",
    clone: "Answer, written by an AI",
    sees: "Who can see what",
    sees_lead: "These are the spaces that you are in. Below each memory stands who can read it.",
    only_you: "Only you can read this.",
    stewards: "You can read this, and those who look after “{}”.",
    space: "Everybody in “{}” can read this.",
    own_space: "your own space",
    everybody: "Everybody with an account on the server can read this.",
    members: "{} people",
    roles: [
        ("owner", "you own it"),
        ("steward", "you look after it"),
        ("contributor", "you add memories"),
        ("visitor", "you read and talk"),
    ],
    agreed: "What you agreed to",
    given: "Given on {}",
    withdrawn: "Withdrawn on {}",
    providers: "Who wrote the answers",
    answers: "{} answers",
    no_answers: "Nobody has answered you yet.",
    trash: "In the trash",
    rest: "In the folder “data” everything is there once more for programs, with what is only \
           of use to them: sign-ins, keys without what opens anything, notices, and what happened \
           to your account. The folder “schema” says what each field is.",
};

const FR: Words = Words {
    lang: "fr",
    title: "Ce qui est conservé de {}",
    lead: "Voici tout ce que le serveur conservait de vous le {}. Vous pouvez lire cette page sans \
           internet, sur n’importe quel ordinateur, et l’imprimer.",
    memories: "Vos souvenirs de {}",
    no_memories: "Vous n’avez encore écrit aucun souvenir.",
    undated: "Sans date",
    conversations: "Vos conversations",
    no_conversations: "Vous n’avez encore parlé avec aucun clone.",
    you: "Vous",
    clone: "Réponse, écrite par une IA",
    sees: "Qui peut voir quoi",
    sees_lead: "Voici les espaces dont vous faites partie. Sous chaque souvenir est écrit qui peut \
                le lire.",
    only_you: "Vous seul pouvez lire ceci.",
    stewards: "Vous pouvez lire ceci, ainsi que les personnes qui s’occupent de « {} ».",
    space: "Toutes les personnes de « {} » peuvent lire ceci.",
    own_space: "votre propre espace",
    everybody: "Toute personne ayant un compte sur le serveur peut lire ceci.",
    members: "{} personnes",
    roles: [
        ("owner", "il est à vous"),
        ("steward", "vous vous en occupez"),
        ("contributor", "vous ajoutez des souvenirs"),
        ("visitor", "vous lisez et parlez"),
    ],
    agreed: "Ce que vous avez accepté",
    given: "Donné le {}",
    withdrawn: "Retiré le {}",
    providers: "Qui a écrit les réponses",
    answers: "{} réponses",
    no_answers: "Personne ne vous a encore répondu.",
    trash: "À la corbeille",
    rest: "Dans le dossier « data », tout est là encore une fois pour les programmes, avec ce qui \
           ne sert qu’à eux : connexions, clés sans ce qui ouvre quoi que ce soit, avis, et ce qui \
           est arrivé à votre compte. Le dossier « schema » dit ce qu’est chaque champ.",
};
