//! Function words and question words: what a question says without asking for it.
//!
//! Written for this purpose and kept small. They are dropped from questions, never from
//! passages, and they tell languages apart (`language.rs`). Words are lower case, without
//! the apostrophe and what stands on its shorter side.

use super::language::Language;

const ENGLISH: &str = "a about after all also am an and any are as at be because been before \
being between both but by can could d did do does doing don done down during each ever few for \
from get had has have having he her here hers him his how i if in into is it its just ll m me \
might mine more most much must my no nor not now of off on once one only or other our ours out \
over own re s same shall she should since so some such t than that the their theirs them then \
there these they this those through to too under until up upon us ve very was we were what \
when where whether which while who whom whose why will with would you your yours didn doesn \
isn wasn weren couldn wouldn haven hasn hadn won aren";

const FRENCH: &str = "à ai aie ait alors après as au aucun aussi autre aux avaient avait avant \
avec avez avoir avons ayant c ce cela ces cet cette ceux chez combien comment d dans de depuis \
des donc du elle elles en entre es est et était étaient été être eu eux fait fut ici il ils j \
je jusqu l la laquelle le lequel les lesquels leur leurs lorsque lui m ma mais me même mes moi \
mon n ne ni nos notre nous on ont où ou par parce pas pendant peu peut plus pour pourquoi \
pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se sera serait ses si son \
sont sous suis sur t ta te tes toi ton tous tout toute toutes tu un une vers vos votre vous y";

const GERMAN: &str = "ab aber alle als also am an andere auch auf aus bei beim bin bis bist da \
damit dann das dass dein deine dem den denn der des dessen deren dich die dies diese diesem \
diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch \
euer für gegen gibt hab habe haben hast hat hatte hatten hier hinter ich ihm ihn ihnen ihr \
ihre ihrem ihren ihrer im in ins ist ja jede jeder jedes jetzt kann kein keine können konnte \
machen man mehr mein meine meinem meinen meiner mich mir mit musste nach nicht nichts noch nun \
nur ob oder ohne sehr sein seine seinem seinen seiner seit sich sie sind so soll sondern über \
um und uns unser unsere unter viel viele vielen vom von vor wann war waren warum was wegen \
weil welche welchem welchen welcher welches wem wen wenn wer werden wessen wie wieso wieviel \
wir wird wo wodurch woher wohin womit worden wurde wurden zu zum zur zwischen";

const SPANISH: &str = "a al algo algunos ante antes aquel aquella aunque como cómo con contra \
cual cuál cuáles cuales cuando cuándo cuánta cuántas cuánto cuántos cuanto de del desde donde \
dónde durante e el él ella ellas ellos en entre era eran es esa esas ese eso esos esta está \
están estaba estas este esto estos estuvo fue fueron ha había haber hace hacia han hasta hay \
he hizo la las le les lo los más me mi mí mis mucho muy nada ni no nos nosotros nuestra \
nuestro o os otra otro para pero poco por porque pues que qué quien quién quiénes se sea ser \
si sí sido sin sobre son su sus también tan te tenía tiene tienen todo todos tu tú tus un una \
unas uno unos vosotros y ya yo";

const ITALIAN: &str = "a ad agli ai al alla alle allo anche ancora c che chi ci come con \
contro cosa cui d da dagli dai dal dalla dalle dei degli del della delle dello di dopo dove \
dov durante e è ed era erano essere fra fu gli ha hai hanno ho i il in io l la le lei li lo \
loro lui ma me mentre mi mia mie miei mio molto ne negli nei nel nell nella nelle noi non \
nostra nostro o ogni per perché perche più poi prima può quale quali qual quando quanta quante \
quanti quanto quella quelle quelli quello questa queste questi questo se sei si sia siamo solo \
sono sotto stata state stati stato su sua sue sugli sui sul sulla suo suoi te ti tra tu tua \
tuo tuoi tutti tutto un una uno vi voi";

const PORTUGUESE: &str = "a à ao aos aquela aquele as às até com como da das de dela dele \
deles depois do dos durante e é ela elas ele eles em entre era eram essa esse esta está estas \
estava este estes eu foi for foram há isso isto já lhe mais mas me mesmo meu meus minha minhas \
muito na não nas nem no nos nós nossa nosso num numa o onde os ou para pela pelas pelo pelos \
por porque porquê qual quais quando quanta quantas quanto quantos que quê quem se sem ser seu \
seus só sob sobre sua suas também te tem têm tinha tu tua um uma umas uns você vocês";

const DUTCH: &str = "aan al alle als altijd andere ben bij daar dan dat de der deze die dit \
doch doen door dus een eens en er geen had hadden heb hebben heeft hem het hier hij hoe \
hoeveel hun iets ik in is ja je jij jou jouw kan kon kunnen maar me meer men met mij mijn naar \
niet niets nog nu of om omdat onder ons onze ook op over te tegen toch toen tot u uit uw van \
veel voor waar waarom wanneer waren was wat we wel welk welke werd werden wezen wie wij wil \
worden wordt ze zei zelf zich zij zijn zo zonder zou";

const RUSSIAN: &str = "а без более бы был была были было быть в вам вас весь во вот все всего \
всех вы где да для до его ее если есть еще же за зачем и из или им их к как какая какие каким \
каких какое какого какой какую ко когда кого кому которая которого которой которые который кто \
куда ли меня мне много мой моя мои моей моего мы на над нам нас не него нее ней нет ни них но \
ну о об однако он она они оно от откуда очень по под почему при про с сам свое свои своей \
своего свой себя сколько со так также такой там тебя тем то того тоже той только том ты у уже \
хотя чего чей чем через что чтобы чье чья эта эти это этого этой этом этот я";

const SWEDISH: &str = "alla allt att av blev bli blir de dem den denna deras dess det detta \
dig din ditt du där då efter ej eller en er ett från för före ha hade han hans har henne \
hennes hon honom hur här i icke inte in ja jag kan kunde man med mellan men mer mig min mitt \
mot mycket många ni nu när någon något några och om oss på sedan sig sin sina sitt skulle som \
så till under upp ut utan vad var vara varför vars varit vart vem vems vi vid vilka vilken \
vilket vår är över";

const DANISH: &str = "af alle at blev blive bliver da de dem den denne der deres det dette dig \
din disse dog du efter eller en end er et for fordi fra få gør ham han hans har havde hende \
hendes her hun hvad hvem hvilke hvilken hvilket hvis hvor hvordan hvorfor hvornår i ikke ind \
jeg jer kan kunne man mange med meget men mig min mine mit mod mellem ned nej noget nogle nu \
når og også om op os over på samt se selv sig sin sine sit skal skulle som så til ud under var \
ved vi vil ville være været";

const NORWEGIAN: &str = "alle at av bare ble blei bli blir da de deg dei dem den denne der \
deres det dette din disse du eg ein eit eller en enn er et etter for fordi fra få før ha hadde \
ham han hans har henne hennes her hun hva hvem hvilke hvilken hvilket hvis hvor hvordan \
hvorfor i ikke inn ja jeg kan kunne kva kven korleis man mange med meg mellom men mer mine min \
mitt mot mye mykje ned noe noen nå når og også om opp oss over på seg selv sin sine sitt skal \
skulle som så til ut uten var ved vi vil ville være vært vår";

const FINNISH: &str = "ei eivät että en hän hänen häntä he heidän ja jo joka jokin joko jolla \
jos joskus jota jotka jälkeen kaikki kanssa keitä ken kenen kenelle ketä ketkä koska kuin \
kuinka kuka kun kuten me meidän mihin mikä mikäli miksi millainen milloin minkä minne minun \
minä missä mistä mitkä mitä moni monta mukaan mutta myös ne niiden niin noin nyt oli olen olet \
oletko olevat olisi olivat olla ollut on onko ovat se sekä sen siellä sillä sinä sitä siitä \
tai te tämä tämän tässä tuo vaan vai vaikka voi";

const TURKISH: &str = "acaba ama ancak artık az bana bazı belki ben beni benim beri bile bir \
biraz biri biz bize bizim bu bunlar bunu bunun burada çok çünkü da daha dahi de defa değil \
diye dolayı en gibi göre hangi hangisi hani hem hep hepsi her hiç için ile ise kaç kadar kendi \
ki kim kime kimi kimin kimler mı mi mu mü nasıl ne neden nedir nerede nereden nereye niçin \
niye o ol olan olarak oldu olduğu on ona ondan onlar onların onu onun orada oysa sana sen seni \
senin siz sizin sonra şey şu tarafından tüm var ve veya vardı ya yani yok zaman idi midir";

const ARABIC: &str = "في من على إلى الى عن مع هذا هذه ذلك تلك التي الذي الذين ما ماذا متى أين \
اين كيف لماذا لم لا لن هل كم من أي اي أو او و ثم أن ان إن كان كانت كانوا يكون قد كل بعض بعد \
قبل بين حتى عند عندما هو هي هم هن نحن أنا انا أنت انت كما لقد منذ حيث إذا اذا غير ليس لكن بل \
عليه عليها فيه فيها منه منها له لها به بها اسم وما ومن";

const HINDI: &str = "अगर अपना अपनी अपने अब आप आपका आपकी इस इसका इसकी इसके इसी उन उनका उनकी \
उनके उस उसका उसकी उसके एक और कब कहा कहाँ कहां का कि कितना कितनी कितने किन किस किसका किसकी \
किसके किसने किसी की कुछ के को कोई कौन कौनसा कौनसी क्या क्यों गई गए गया गयी जब जहाँ जिस जिसका \
जो तक तब तो था थी थीं थे द्वारा न नहीं ने पर भी मुझे में मेरा मेरी मेरे मैं यह यहाँ या ये रहा \
रही रहे लिए व वह वे से हम हमारा हमारी हमारे ही हुआ हुई हुए है हैं हो होता होती होते कैसे करते \
करता किया";

const POLISH: &str = "a aby ale bo być był była było były by co czy czyj czyja dla do gdzie go \
i ich ile im ja jak jaka jaki jakie jako jego jej jest jeszcze już każdy kiedy kim kogo komu \
kto która które którego której który których ma mi mnie moja moje mój mu my na nad nam nas nie \
nim o od on ona one oni oraz po pod przed przez przy są się ta tak także tam te tego tej ten \
to tu tym u w we więc wy z za ze dlaczego że";

const CZECH: &str = "a aby ale ani až bude by byl byla byli bylo být co což do ho i jak jaká \
jaké jaký jako je jeho jejich její jen jenž ještě již jsem jsme jsou k kam kde kdo kdy kdyby \
když ke kolik která které který komu koho má mezi mi mě mnou můj my na nad ne nebo než o od on \
ona oni pak po pod pro proč protože před při s se si své ta tak také tam te ten tento to toho \
tom tu ty u už v ve však z za ze že";

const UKRAINIAN: &str = "а або але без би був була були було бути в вам вас ви від він вона \
вони все вже де для до до є з за зі і із її їх його й як яка яке який які якого якій коли кого \
кому куди ким ми мене мені мій моя мої на над нам нас не ні ніж о один от під по при про \
скільки та так також там те ти то того той тому тут у хто це цей ця ці чи чого чому що щоб я";

const GREEK: &str = "αλλά αν από αυτά αυτή αυτό αυτός για γιατί δεν είναι είχε ένα ένας εγώ \
εκεί εμείς η ήταν θα και κατά με μετά μη μου μας να ο οι όταν ότι ού ποια ποιο ποιος ποιον \
ποιοι πόσα πόσο πόσοι που πού πότε πως πώς σαν σας σε στα στη στην στις στο στον στους τα της \
τη την τι τις το τον του τους των ως";

const HUNGARIAN: &str = "a az abban addig aki akik akkor alatt ami amikor amit azt be bele \
benne csak de e egy egyik el ennek én és ez ezt fel fog ha hány hanem hogy hogyan hol honnan \
hová ill is jól ki kik kit kinek le legyen lesz lett meg mely melyik mert mi miért mikor \
milyen mint mit mivel most nagyon ne nekem neki nem nincs nélkül ő ők őket olyan össze ott \
pedig sem után úgy utolsó vagy valaki van vannak volt voltak volna";

const ROMANIAN: &str = "a acea aceasta această acest aceste acolo ai al ale am ar are as \
asupra au avea avut ca când care cât câte câți căci ce cel cele cine cu cui cum cumva da dacă \
dar de deci despre din după e ea ei el ele era erau este eu fi fost iar îi îl în înainte își \
la le li lor lui mai mea mei meu mi mie ne nici noi nostru nu o of ori pe pentru prin sa sale \
sau să se și spre sub sunt sus te tu un una unde unei unor unui va vor voi";

const CATALAN: &str = "a al als amb aquell aquesta aquest això cap com d de del dels des el \
ella elles ells els em en entre era eren es és esta està et fa fins ha han hi ho i la les li \
ll lo meu meva m mes més molt n no nosaltres o on per però perquè qual quan quant quants que \
què qui s sa se ser seu seva si sobre som són t també te tot tots un una unes uns va van";

const INDONESIAN: &str = "ada adalah aku anda apa apakah atau bagaimana bahwa bagi banyak \
belum berapa bisa bukan dalam dan dapat dari dengan di dia ia ini itu jika juga kami kamu \
kapan karena ke kepada ketika kita lagi lebih maka mana mengapa mereka oleh pada para pernah \
saat saja sampai sangat saya sebagai sebuah sejak seperti siapa sudah telah tentang tersebut \
tidak untuk yang";

const PERSIAN: &str = "از است اگر اما او این آن آنها با باید بر برای بود بودند به بی تا تو چرا \
چند چه چگونه چیست خود در دو را شد شده شما کجا کدام کرد که کی کیست ما من می نه نیست ها هر هم \
همه و وی یا یک";

const TAMIL: &str = "அது அந்த அவர் அவள் அவன் இது இந்த இருந்தது எங்கு எங்கே எது எந்த எப்படி \
எப்போது எவ்வளவு என் என்ன என்று என ஏன் ஒரு தான் நான் மற்றும் யார் எனது எத்தனை";

const HEBREW: &str = "את של על אל עם אם או כי לא זה זאת זו הוא היא הם הן אני אתה אנחנו מה מי \
מתי איפה היכן איך למה מדוע כמה איזה איזו אשר גם רק כל היה הייתה היו יש אין לי לו לה שלי שלו \
שלה בין אך אבל";

const VIETNAMESE: &str = "ai anh bao bị bởi các cái cho chúng chưa có của cùng cũng do đã đang \
đâu đây để đến đi đó được gì hay hoặc khi không là lại làm lúc mà mấy một này nào nên nếu \
nhiêu những như nơi nó ở ra rằng rất sao sẽ tại thế theo thì tôi trong trên từ tự vào vẫn về \
vì việc với";

const KOREAN: &str = "무엇 누구 언제 어디 어디에서 어디서 어떻게 왜 무슨 어느 어떤 몇 그 이 저 나는 내 제 우리 그리고 그러나 것 수 및 는 은 \
이것 누가 무엇을 무엇인가요";

/// Phrases cut out of a question in a script without spaces, longest first.
const CHINESE: &[&str] = &[
    "为什么",
    "為什麼",
    "什么时候",
    "什麼時候",
    "什么",
    "什麼",
    "哪里",
    "哪裡",
    "哪儿",
    "哪个",
    "哪個",
    "哪一",
    "哪些",
    "怎么样",
    "怎么",
    "怎麼",
    "怎样",
    "怎樣",
    "多少",
    "如何",
    "几个",
    "是谁",
    "是誰",
    "谁",
    "誰",
    "何时",
    "何時",
    "何地",
    "的",
    "了",
    "吗",
    "嗎",
    "呢",
    "是",
];
const JAPANESE: &[&str] = &[
    "どのような",
    "どこですか",
    "何ですか",
    "誰ですか",
    "いつですか",
    "でしょうか",
    "ましたか",
    "ますか",
    "ですか",
    "どうして",
    "なぜ",
    "どこで",
    "どこに",
    "どこ",
    "いつ",
    "だれ",
    "どんな",
    "どの",
    "どれ",
    "どう",
    "いくつ",
    "いくら",
    "なに",
    "何が",
    "何を",
    "誰が",
    "誰",
    "何",
    "ました",
    "でした",
    "です",
    "ます",
];
const THAI: &[&str] = &[
    "เมื่อไหร่",
    "เมื่อไร",
    "อย่างไร",
    "ที่ไหน",
    "เท่าไหร่",
    "เท่าไร",
    "ทำไม",
    "อะไร",
    "ใคร",
    "ไหน",
    "หรือไม่",
    "กี่",
    "บ้าง",
    "ครับ",
    "ค่ะ",
    "คะ",
];

/// The stop words of a language written with spaces, lower case; empty for the others.
pub(super) fn words_of(language: Language) -> impl Iterator<Item = &'static str> {
    let list = match language {
        Language::English => ENGLISH,
        Language::French => FRENCH,
        Language::German => GERMAN,
        Language::Spanish => SPANISH,
        Language::Italian => ITALIAN,
        Language::Portuguese => PORTUGUESE,
        Language::Dutch => DUTCH,
        Language::Russian => RUSSIAN,
        Language::Swedish => SWEDISH,
        Language::Danish => DANISH,
        Language::Norwegian => NORWEGIAN,
        Language::Finnish => FINNISH,
        Language::Turkish => TURKISH,
        Language::Arabic => ARABIC,
        Language::Hindi => HINDI,
        Language::Polish => POLISH,
        Language::Czech => CZECH,
        Language::Ukrainian => UKRAINIAN,
        Language::Greek => GREEK,
        Language::Hungarian => HUNGARIAN,
        Language::Romanian => ROMANIAN,
        Language::Catalan => CATALAN,
        Language::Indonesian => INDONESIAN,
        Language::Persian => PERSIAN,
        Language::Tamil => TAMIL,
        Language::Hebrew => HEBREW,
        Language::Vietnamese => VIETNAMESE,
        Language::Korean => KOREAN,
        Language::Chinese | Language::Japanese | Language::Thai => "",
    };
    list.split_whitespace()
}

/// The phrases to cut out of a question written without spaces, longest first.
pub(super) fn phrases_of(language: Language) -> &'static [&'static str] {
    match language {
        Language::Chinese => CHINESE,
        Language::Japanese => JAPANESE,
        Language::Thai => THAI,
        _ => &[],
    }
}
