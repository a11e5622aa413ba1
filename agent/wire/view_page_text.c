/* What never changes of the page: its style, and the script that hears of changes, fetches the page anew and puts in place what
 * differs, so that nothing flickers, what is open stays open and who reads stays where he is. */
#include "agent/wire/view_parts.h"

const char view_page_head[] =
	PACKED_TEXT("<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
	"<noscript><meta http-equiv=refresh content=10></noscript><style>"
	":root{color-scheme:light dark;--s:#57606a;--g:#1a7f37;--y:#8a5a00;--r:#c1121f}"
	"@media(prefers-color-scheme:dark){:root{--s:#9aa5b1;--g:#4cc26b;--y:#e3a93c;--r:#ff7b72}}"
	"body{margin:0 auto;max-width:54rem;padding:.8rem;font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}"
	"header{display:flex;align-items:center}h1{font-size:1.2rem;margin:0;flex:1}h2{font-size:.95rem;margin:1.5rem 0 .4rem;"
	"color:var(--s)}p{margin:.3rem 0}"
	".c{--k:var(--s);background:#8881;border:1px solid #8885;border-left:.35rem solid var(--k);border-radius:.5rem;"
	"padding:.5rem .8rem;margin:.5rem 0}"
	".ok{--k:var(--g)}.no{--k:var(--r)}.so{--k:var(--y)}"
	".w,#l{color:var(--k);border:1px solid;border-radius:1rem;padding:0 .5rem;font-size:.85rem;white-space:nowrap}"
	".h{font-size:1.1rem}.s{color:var(--s);font-size:.875rem}.q{font:.85rem ui-monospace,monospace}"
	"table{border-collapse:collapse;font-size:.8rem;display:block;overflow-x:auto;margin:.4rem 0}"
	"th,td{text-align:left;padding:.15rem .8rem .15rem 0;white-space:nowrap;border-bottom:1px solid #8885}th{color:var(--s)"
	";font-weight:400}"
	"ul{margin:.2rem 0;padding-left:1.1rem}svg{width:100%;max-width:27rem;display:block;margin:.5rem 0}"
	"text{fill:currentColor;font-size:11px;text-anchor:middle}circle{fill:var(--k)}path,.n{fill:none;stroke:var(--s);"
	"stroke-width:2}.n{stroke-dasharray:4 2}"
	".m{display:grid;grid-template-columns:6.5rem 1fr 9rem;gap:.6rem;align-items:center;font-size:.9rem}meter{width:100%}"
	"</style>");

/* The browser runs the script below and no other one: tests/unit/t_view.c says the hash when the text was changed. */
const char view_page_script_hash[] = "'sha256-PKNB9U9Ju7QJxROj+lQAwABHKD1J5qBctBfH9j3k00o='";

const char view_page_script[] =
	PACKED_TEXT("let d=document,t,g,say=(c,x)=>{l.className=c;l.textContent=x},"
	"lost=()=>l.className=='no'||say('no','not connected since '+new Date().toISOString().slice(11,19)+' UTC'),"
	"live=()=>{say('ok','live');clearTimeout(t);t=setTimeout(lost,75e3)},"
	"put=x=>{let p=new DOMParser().parseFromString(x,'text/html'),y=scrollY,o=[...m.children],n=[...p.querySelector('main')"
	".children];"
	"d.querySelectorAll('[open]').forEach(e=>p.getElementById(e.id)?.setAttribute('open',''));"
	"o.length==n.length?o.forEach((e,i)=>e.outerHTML==n[i].outerHTML||e.replaceWith(n[i])):m.replaceChildren(...n);"
	"scrollTo(scrollX,y);d.title=p.title},"
	"get=()=>{clearTimeout(g);g=setTimeout(()=>fetch('.').then(r=>r.text()).then(put).catch(()=>g=setTimeout(get,5e3)),150)"
	"},"
	"go=()=>{let s=new EventSource('events');s.onopen=get;s.addEventListener('alive',live);s.addEventListener('change',()=>"
	"{live();get()});"
	"s.onerror=()=>{lost();s.readyState>1&&setTimeout(()=>{get();go()},1e4)}};go()");
