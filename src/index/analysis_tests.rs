//! The analysis in many languages: the right sentence is found, not only a sentence.

use super::*;

fn analyzer() -> Analyzer {
    Analyzer::new([7; 32])
}

fn asked(text: &str, hint: Option<Language>) -> Vec<String> {
    let query = analyzer().query(text, Asking { hint, ..Asking::default() });
    query.concepts.into_iter().map(|c| c.word).collect()
}

#[test]
fn question_words_are_dropped_and_never_all_words() {
    assert_eq!(
        asked("When did Caroline's dog run away?", None),
        ["caroline", "dog", "run", "away"]
    );
    assert_eq!(asked("who are you", Some(Language::English)), ["who", "are", "you"]);
    assert!(analyzer().query("who are you", Asking::default()).only_stop_words);
    assert_eq!(asked("Où est la maison de l'oncle ?", None), ["maison", "oncle"]);
    assert!(asked("", None).is_empty());
    assert!(asked("?!", None).is_empty());
}

#[test]
fn a_word_is_found_under_its_stem_and_without_accents() {
    let a = analyzer();
    let passage = a.passage("Elle préférait les cafés", Some(Language::French));
    for question in ["préférer un café", "cafes", "cafés"] {
        let query = a.query(question, Asking { hint: Some(Language::French), ..Asking::default() });
        let hit = query
            .concepts
            .iter()
            .any(|c| c.keys.iter().any(|k| passage.terms.iter().any(|(t, _)| t == k)));
        assert!(hit, "{question}");
    }
}

#[test]
fn another_key_makes_other_terms() {
    let one = Analyzer::new([1; 32]).passage("grandmother", None);
    let two = Analyzer::new([2; 32]).passage("grandmother", None);
    assert_ne!(one.terms, two.terms);
}

#[test]
fn a_single_han_character_is_found() {
    let a = analyzer();
    let passage = a.passage("我家的猫很懒", Some(Language::Chinese));
    let query = a.query("猫", Asking::default());
    assert!(passage.terms.iter().any(|(t, _)| query.concepts[0].keys.contains(t)));
}

/// A language's sentences, questions, and which sentence answers each question.
type Guard = (&'static str, &'static [&'static str], &'static [(&'static str, usize)]);

const GUARDS: &[Guard] = &[
    (
        "fr",
        &[
            "Ma grand-mère est née dans un petit village près de Lyon.",
            "En 1962 nous avons acheté la ferme des cousins.",
            "Mon père réparait les horloges de toute la vallée.",
            "L'école se trouvait derrière l'église.",
            "Le dimanche, on mangeait des crêpes aux pommes.",
        ],
        &[
            ("Où est née ta grand-mère ?", 0),
            ("Quand avez-vous acheté une ferme ?", 1),
            ("Qui répare l'horloge ?", 2),
            ("Où était l'école ?", 3),
            ("Que mangiez-vous le dimanche ?", 4),
        ],
    ),
    (
        "it",
        &[
            "La nonna preparava il pane ogni sabato mattina.",
            "Abbiamo vissuto a Torino fino al 1971.",
            "Mio fratello suonava la fisarmonica alle feste.",
            "Il mare in inverno era sempre grigio.",
        ],
        &[
            ("Che cosa prepara la nonna il sabato?", 0),
            ("Dove vivevate nel 1971?", 1),
            ("Quale strumento suona tuo fratello? Una fisarmonica?", 2),
            ("Com'era il mare d'inverno?", 3),
        ],
    ),
    (
        "pt",
        &[
            "O meu avô pescava sardinhas em Setúbal.",
            "Casámos na primavera de 1959.",
            "A casa amarela tinha um limoeiro no quintal.",
            "Aprendi a costurar com a minha tia Rosa.",
        ],
        &[
            ("Onde pescavam sardinha?", 0),
            ("Quando foi o casamento na primavera?", 1),
            ("Que árvore havia no quintal da casa?", 2),
            ("Quem te ensinou costura, a tia?", 3),
        ],
    ),
    (
        "ru",
        &[
            "Моя бабушка родилась в деревне под Рязанью.",
            "Летом мы собирали грибы в сосновом лесу.",
            "Отец работал машинистом паровоза.",
            "В школе я любил уроки географии.",
            "Наша собака боялась грозы.",
        ],
        &[
            ("В какой деревне родилась бабушка?", 0),
            ("Где вы собирали гриб?", 1),
            ("Кем работал твой отец?", 2),
            ("Какой урок ты любил в школе?", 3),
            ("Чего боится собака?", 4),
        ],
    ),
    (
        "ar",
        &[
            "ولدت جدتي في قرية صغيرة قرب حلب.",
            "كان والدي يصلح الساعات القديمة.",
            "زرعنا أشجار الزيتون خلف البيت.",
            "سافرنا إلى القاهرة بالقطار عام 1965.",
        ],
        &[
            ("أين ولدت الجدة في القرية؟", 0),
            ("من كان يصلح الساعة القديمة؟", 1),
            ("أين زرعتم شجرة الزيتون؟", 2),
            ("متى سافرتم إلى القاهرة؟", 3),
        ],
    ),
    (
        "hi",
        &[
            "मेरी दादी लखनऊ के पास एक गाँव में पैदा हुई थीं।",
            "पिताजी रेलवे में काम करते थे।",
            "हम गर्मियों में आम के बाग में खेलते थे।",
            "माँ की शादी 1958 में हुई।",
        ],
        &[
            ("दादी किस गाँव में पैदा हुईं?", 0),
            ("पिताजी कहाँ काम करते थे?", 1),
            ("तुम आम के बाग में कब खेलते थे?", 2),
            ("माँ की शादी कब हुई?", 3),
        ],
    ),
    (
        "zh",
        &[
            "我奶奶出生在苏州附近的一个小村子。",
            "父亲在铁路上工作了三十年。",
            "每年春节我们都包饺子。",
            "那只黑猫总是睡在窗台上。",
            "一九六二年我们搬到了上海。",
        ],
        &[
            ("奶奶出生在哪里?", 0),
            ("父亲做什么工作?", 1),
            ("春节你们包什么?", 2),
            ("猫睡在哪儿?", 3),
            ("你们什么时候搬到上海的?", 4),
        ],
    ),
    (
        "ja",
        &[
            "祖母は京都の小さな村で生まれました。",
            "父は三十年間、鉄道で働いていた。",
            "夏休みには毎日川で泳ぎました。",
            "黒い猫がいつも縁側で寝ていた。",
            "母の作る味噌汁が一番好きでした。",
        ],
        &[
            ("祖母はどこで生まれたのですか?", 0),
            ("父は何年間鉄道で働きましたか?", 1),
            ("夏休みにどこで泳いだ?", 2),
            ("猫はどこで寝ましたか?", 3),
            ("誰の味噌汁が好きですか?", 4),
        ],
    ),
    (
        "th",
        &[
            "คุณยายเกิดที่หมู่บ้านเล็กๆ ใกล้เชียงใหม่",
            "พ่อทำงานรถไฟมาสามสิบปี",
            "ตอนเด็กเราเล่นน้ำในแม่น้ำทุกวัน",
            "แม่ชอบปลูกดอกกล้วยไม้หลังบ้าน",
        ],
        &[
            ("คุณยายเกิดที่ไหน", 0),
            ("พ่อทำงานรถไฟกี่ปี", 1),
            ("ใครเล่นน้ำในแม่น้ำ", 2),
            ("แม่ปลูกดอกอะไรหลังบ้าน", 3),
        ],
    ),
    (
        "tr",
        &[
            "Büyükannem Bursa yakınlarında bir köyde doğdu.",
            "Babam otuz yıl demiryolunda çalıştı.",
            "Yazları denizde yüzerdik.",
            "Annemin yaptığı mercimek çorbasını çok severdim.",
        ],
        &[
            ("Büyükannen hangi köyde doğmuş?", 0),
            ("Baban demiryolunda kaç yıl çalışmış?", 1),
            ("Yazın denizde ne yapardınız?", 2),
            ("Annenin çorbası nasıldı, mercimek mi?", 3),
        ],
    ),
    (
        "vi",
        &[
            "Bà tôi sinh ra ở một làng nhỏ gần Huế.",
            "Cha tôi làm việc ở đường sắt ba mươi năm.",
            "Mùa hè chúng tôi tắm sông mỗi ngày.",
            "Mẹ trồng hoa lan sau nhà.",
            "Con mèo đen hay ngủ trên mái.",
        ],
        &[
            ("Bà sinh ra ở làng nào?", 0),
            ("Cha làm việc ở đâu?", 1),
            ("Các bạn tắm ở sông khi nào?", 2),
            ("Mẹ trồng hoa gì?", 3),
            ("Con mèo ngủ ở đâu?", 4),
        ],
    ),
];

/// Plain overlap weighted by rarity: what any ranking by words starts from.
fn best(a: &Analyzer, sentences: &[&str], question: &str) -> usize {
    let passages: Vec<TermCounts> =
        sentences.iter().map(|s| a.passage(s, language::detect(s, None))).collect();
    let query = a.query(question, Asking::default());
    let has = |p: &TermCounts, c: &Concept| p.terms.iter().any(|(t, _)| c.keys.contains(t));
    let score = |p: &TermCounts| -> f32 {
        let worth = |c: &Concept| {
            let found_in = passages.iter().filter(|other| has(other, c)).count();
            c.weight / found_in.max(1) as f32
        };
        query.concepts.iter().filter(|c| has(p, c)).map(worth).sum()
    };
    let scores: Vec<f32> = passages.iter().map(score).collect();
    (0..scores.len()).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap()
}

#[test]
fn the_right_sentence_is_found_in_many_languages() {
    let a = analyzer();
    for (code, sentences, questions) in GUARDS {
        for sentence in *sentences {
            let found = language::detect(sentence, Language::from_tag(code)).map(Language::code);
            assert_eq!(found, Some(*code), "{sentence}");
        }
        for (question, answer) in *questions {
            let found = best(&a, sentences, question);
            assert_eq!(found, *answer, "{code}: {question} -> {}", sentences[found]);
        }
    }
}

#[test]
fn words_being_typed_match_by_their_beginning() {
    let a = analyzer();
    let passage = a.passage("my grandmother's garden", Some(Language::English));
    let query = a.query("gard", Asking { typing: true, ..Asking::default() });
    assert!(passage.prefixes.contains(&query.concepts[0].prefix.unwrap()));
    assert_eq!(a.matches(&query, "my garden", None), [(0, 3..9)]);
}

#[test]
fn keywords_that_pass_for_another_language_lose_the_askers_stop_words() {
    let english = Asking { hint: Some(Language::English), ..Asking::default() };
    let query = Analyzer::new([1; 32]).query("church music and garden", english);
    let words: Vec<&str> = query.concepts.iter().map(|concept| concept.word.as_str()).collect();
    assert_eq!(words, ["church", "music", "garden"]);
}

#[test]
fn of_a_long_text_the_longest_words_are_looked_up() {
    let a = analyzer();
    let many: Vec<String> = (0..90).map(|n| format!("w{n}")).collect();
    let question = format!("{} pomegranate grandmother {}", many.join(" "), many.join(" "));
    let query = a.query(&question, Asking::default());
    let words: Vec<&str> = query.concepts.iter().map(|concept| concept.word.as_str()).collect();
    assert_eq!(words.len(), MOST_WORDS);
    assert!(words.contains(&"pomegranate") && words.contains(&"grandmother"), "{words:?}");
    assert_eq!(words[0], "w10", "they stay in their order");
    // The word that is being typed is what the person looks at.
    let typed = a.query(&format!("{question} gr"), Asking { typing: true, ..Asking::default() });
    assert!(typed.concepts.iter().any(|concept| concept.prefix.is_some()));
    // Of pairs of characters there are twice as many.
    let chinese: String = (0..200).filter_map(|n| char::from_u32(0x4e00 + n * 7)).collect();
    assert_eq!(a.query(&chinese, Asking::default()).concepts.len(), 2 * MOST_WORDS);
}
