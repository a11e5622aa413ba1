// browser.js URL FOLDER CHROMIUM: looks at kedge's page in a headless Chromium and clicks through a failure and its rollback. Speaks with
// page.t: a line {ok, name, told} is a result, {do} asks for something to happen at the site and is answered with a line.
'use strict';
const readline = require('node:readline');
const { chromium } = require('playwright-core');

const [url, folder, executablePath] = process.argv.slice(2);
const PHONE = { width: 390, height: 844 }, DESK = { width: 1280, height: 900 };
const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const ok = (good, name, told) => say({ ok: !!good, name, told: typeof told === 'string' ? told : JSON.stringify(told ?? '') });
const same = (got, want, name) => ok(JSON.stringify(got) === JSON.stringify(want), name, { got, want });

async function happen(word) {
	say({ do: word });
	const { value } = await answers.next();
	ok(value === 'true', `at the site: ${word}`, value);
}

// True as soon as test(arg) in the page is, by seconds at most.
async function comes(page, name, test, arg, seconds = 30) {
	const good = await page.waitForFunction(test, arg, { timeout: seconds * 1000, polling: 50 }).then(() => true, () => false);
	ok(good, name, good ? '' : await page.innerText('body'));
}

const says = (words) => document.querySelector('main').innerText.includes(words);

// What is worse to read than 4.5:1, by the rule of WCAG 2.
function faint() {
	const rgb = (s) => s.match(/[\d.]+/g).map(Number);
	const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const under = (e) => {
		if (!e)
			return rgb(matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(18, 18, 18)' : 'rgb(255, 255, 255)');   // Chromium's own
		const [r, g, b, a = 1] = rgb(getComputedStyle(e).backgroundColor), below = a < 1 ? under(e.parentElement) : [0, 0, 0];
		return [r, g, b].map((v, i) => v * a + below[i] * (1 - a));
	};
	const found = [];
	for (const e of document.querySelectorAll('body *')) {
		if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
			continue;
		const style = getComputedStyle(e), ink = light(rgb(e instanceof SVGElement ? style.fill : style.color)), paper = light(under(e));
		const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
		if (ratio < 4.5)
			found.push([e.tagName, e.textContent.slice(0, 40), ratio.toFixed(2)]);
	}
	return found;
}

// Pictures of phone and desk, light and dark, and what has to hold in each.
async function looks(page, name) {
	for (const [device, size] of [['phone', PHONE], ['desk', DESK]])
		for (const colorScheme of ['light', 'dark']) {
			await page.setViewportSize(size);
			await page.emulateMedia({ colorScheme });
			await page.screenshot({ path: `${folder}/${name}-${device}-${colorScheme}.png`, fullPage: true });
			const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
			same([wide, await page.evaluate(faint)], [0, []], `${name}, ${device}, ${colorScheme}: no wider than the screen, all of it readable`);
		}
	await page.setViewportSize(PHONE);
}

function watch(context, errors, elsewhere) {
	context.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
	context.on('weberror', (e) => errors.push(String(e.error())));
	context.on('request', (r) => new URL(r.url()).origin === url || elsewhere.push(r.url()));
}

// Nothing but the markers that reload would take away tells that the page was never loaded anew.
async function live(page) {
	await page.goto(url);
	await page.evaluate(() => { window.stayed = true; });
	await comes(page, 'the page is live', () => document.querySelector('#l').textContent === 'live');
}

async function failure(page) {
	await comes(page, 'a service that runs', (w) => document.querySelector('main .c.ok')?.innerText.includes(w), 'Runs as deployed.');
	await comes(page, '... and its deployments, as AWS tells them', () => /PRIMARY\s+web:1\s+1\s+0\s+1\s+0\s+COMPLETED/.test(document.querySelector('table')?.innerText));
	same(await page.title(), '1 of 1 ok - kedge', 'the title counts');
	await looks(page, 'ok');
	await happen('bad');
	await comes(page, 'it is seen to fail', () => document.querySelector('main .c.no')?.innerText.includes('failing'));
	await happen('waits');
	await comes(page, 'a person is asked', says, 'awaiting-confirmation');
	await comes(page, '... with both deployments in the table', () => /PRIMARY\s+web:2[^]*ACTIVE\s+web:1/.test(document.querySelector('table')?.innerText), 0, 70);
	const top = await page.locator('main .c').first().locator('p').nth(2).boundingBox();
	const first = await page.locator('main .c').first().innerText();
	ok(/web\s+failing/.test(first) && first.includes('web:2 fails here: image-not-found, blame release.') &&
	   /Who can fix it: the developer of the release\.\s+Push the image/.test(first), 'the worst service first: what, whose fault, who can fix it', first);
	ok(top && top.y + top.height < PHONE.height, 'all of that on the first screen of a phone', top);
	await page.locator('details summary').first().click();
	await comes(page, 'a click opens the evidence', () => /it has no such image/.test(document.querySelector('details[open]')?.innerText));
	await page.evaluate(() => scrollTo(0, 300));
	await looks(page, 'failing');
}

async function rollback(page) {
	const open = await page.evaluate(() => document.querySelector('details[open]').id);
	await page.evaluate(() => scrollTo(0, 120));
	await happen('confirm');
	await comes(page, 'it is seen to be hauled back', () => /rolled-back/.test(document.querySelector('main .c .w').innerText), 0, 60);
	await comes(page, '... and verified', says, "has that revision's digest");
	ok(await page.evaluate(() => window.stayed), '... without a reload');
	same(await page.evaluate((id) => document.getElementById(id).open, open), true, 'what was open is open');
	same(await page.evaluate(() => scrollY), 120, '... where it was');
	const strip = await page.locator('svg[role=img]').first().getAttribute('aria-label');
	ok(/^first failure \d\d:\d\d:\d\d, decided \d\d:\d\d:\d\d, accepted \d\d:\d\d:\d\d, rolled-back \d\d:\d\d:\d\d$/.test(strip), 'the strip is told to who cannot see it', strip);
	same(await page.locator('svg text').allTextContents().then((all) => all.filter((w) => /^[a-z-]+( [a-z]+)?$/.test(w))),
	     ['first failure', 'decided', 'accepted', 'rolled-back'], '... and drawn');
	ok(/Detected after \d+ s, recovered after \d+ s\./.test(await page.innerText('main')), '... with how long it took');
	await looks(page, 'rolled-back');
}

// Without script the browser itself fetches the page anew.
async function without(browser) {
	const context = await browser.newContext({ javaScriptEnabled: false, viewport: PHONE });
	const page = await context.newPage();
	await page.goto(url);
	const shown = await page.locator('main').innerText(), begun = Date.now();
	ok(shown.includes('rolled-back') && shown.includes('What kedge costs'), 'without script all of it is there', shown);
	await page.screenshot({ path: `${folder}/no-script-phone.png` });
	const again = page.waitForNavigation({ timeout: 20000 }).then(() => Date.now() - begun, () => 0);
	return async () => {
		const ms = await again;
		ok(ms > 8000, '... and comes anew every 10 s', ms);
		await context.close();
	};
}

async function hostile(page) {
	await happen('markup');
	await comes(page, 'tags that others wrote are text', says, "<script>document.title='run'</script>");
	same(await page.evaluate(() => [document.querySelectorAll('script').length, document.querySelectorAll('img').length]), [1, 0], '... and nothing else');
	ok((await page.title()).endsWith('kedge'), '... that nobody ran', await page.title());
}

async function injected(browser) {
	const context = await browser.newContext();
	const page = await context.newPage();
	await page.goto(url);
	const blocked = await page.evaluate(() => new Promise((end) => {
		document.addEventListener('securitypolicyviolation', (e) => end(e.effectiveDirective));
		const s = document.createElement('script');
		s.textContent = 'window.run = true';
		document.body.append(s);
		setTimeout(() => end('nobody objects'), 3000);
	}));
	same([blocked, await page.evaluate(() => window.run)], ['script-src-elem', undefined], 'a script that was put in is not run');
	await context.close();
}

// Two can listen; the third one is refused, and says so.
async function many(browser) {
	const context = await browser.newContext();
	const pages = [await context.newPage(), await context.newPage()];
	await pages[0].goto(url);
	await comes(pages[0], 'two are live', () => document.querySelector('#l').textContent === 'live');
	await pages[1].goto(url);
	await comes(pages[1], 'the third is not, and says since when', () => /^not connected since \d\d:\d\d:\d\d UTC$/.test(document.querySelector('#l').textContent));
	await pages[0].close();
	await comes(pages[1], '... until there is room', () => document.querySelector('#l').textContent === 'live');
	await context.close();
}

async function away(page) {
	await happen('stop');
	await comes(page, 'kedge ends: not connected', () => document.querySelector('#l').textContent.startsWith('not connected since'));
	ok((await page.innerText('main')).includes('web'), '... and what was known stays');
	await page.screenshot({ path: `${folder}/away-phone.png` });
	await happen('start');
	await comes(page, 'it is back: live again, by itself', () => document.querySelector('#l').textContent === 'live', 0, 20);
	ok(await page.evaluate(() => window.stayed), '... without a reload');
}

async function main() {
	const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
	const errors = [], elsewhere = [];
	const context = await browser.newContext({ viewport: PHONE });
	watch(context, errors, elsewhere);
	const page = await context.newPage();
	await live(page);
	await failure(page);
	await rollback(page);
	const anew = await without(browser);
	await hostile(page);
	const bytes = (await (await context.request.get(url)).body()).length;
	ok(bytes < 24000, `the page has ${bytes} bytes`);
	same(errors, [], 'no error in the console so far');
	same(elsewhere, [], 'nothing was asked of anybody else');
	await injected(browser);
	await many(browser);
	await away(page);
	await anew();
	await browser.close();
	process.exit(0);
}

main().catch((why) => {
	ok(false, 'the browser goes on', String(why.stack));
	process.exit(1);
});
