/* The page of a school's library. A plain script for Chrome 87: the computer it runs on has no build of ours. */
(function () {
  'use strict';

  const POLL_MS = 3000; // while something goes on, half of it
  const PIECE_BYTES = 2 << 20; // of an upload: a broken Wi-Fi repeats at most this
  const TIER_WORDS = { light: '声音和课件', audio: '声音和课件', low: '流畅画面', lecturer: '原始画质', screen: '共享屏幕' };
  const DOING = { fetch: '正在下载', import: '正在导入', export: '正在写到 U 盘' };

  const by = (id) => document.getElementById(id);
  let state = null;
  let word = sessionStorage.getItem('word') || '';

  function make(tag, options, children) {
    const element = Object.assign(document.createElement(tag), options || {});
    (children || []).forEach((child) => element.append(child));
    return element;
  }

  const button = (text, onclick, isMain) =>
    make('button', { type: 'button', className: isMain ? 'button button--main' : 'button', textContent: text, onclick });

  function size(bytes) {
    if (bytes >= 1 << 30) return `${(bytes / (1 << 30)).toFixed(1)} GB`;
    return `${Math.max(1, Math.round(bytes / (1 << 20)))} MB`;
  }

  const minutes = (ms) => `${Math.max(1, Math.round(ms / 60000))} 分钟`;

  async function ask(method, path, body, headers) {
    const sent = { 'X-Tongtang': '1', ...(headers || {}) };
    if (word) sent['X-Library-Word'] = word;
    const options = { method, headers: sent };
    if (body instanceof Blob) options.body = body;
    else if (body !== undefined) {
      sent['Content-Type'] = 'application/json';
      options.body = JSON.stringify(body);
    }
    let answer;
    try {
      answer = await fetch(path, options);
    } catch (error) {
      throw new Error('连不上资源库。请检查它是否开着，再试一次。');
    }
    const found = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw Object.assign(new Error((found && found.detail) || '没有成功，请再试一次。'), { problem: found });
    return found;
  }

  function say(text) {
    by('last').textContent = text;
    by('last').hidden = !text;
  }

  /** Do something for a press: the button waits, and what goes wrong is said. */
  async function act(element, work) {
    element.disabled = true;
    try {
      await work();
    } catch (error) {
      say(error.message);
    } finally {
      element.disabled = false;
      await load();
    }
  }

  const onSubmit = (id, work) =>
    by(id).addEventListener('submit', (event) => {
      event.preventDefault();
      act(event.target.querySelector('button'), work);
    });
  const onPress = (id, work) => by(id).addEventListener('click', (event) => act(event.currentTarget, work));

  // --- what is shown -----------------------------------------------------------------------------------------------

  function words(one) {
    const shown = (one.renditions || []).map((name) => TIER_WORDS[name]).filter(Boolean);
    return [one.subject, one.tier, minutes(one.duration_ms), one.bytes ? size(one.bytes) : '', shown.join('＋')]
      .filter(Boolean)
      .join(' · ');
  }

  function lessonCard(one) {
    const acts = make('div', { className: 'acts' }, [
      make('a', { className: 'button button--main', href: `lessons/${one.id}/index.html`, textContent: '播放' }),
      make('a', { className: 'button', href: `lessons/${one.id}.pack.zip`, textContent: '下载' }),
    ]);
    if (state.is_keeper) {
      const drop = button('移除', () => {
        if (window.confirm(`从资源库移除“${one.title}”？以后可以再下载或导入。`)) {
          act(drop, () => ask('DELETE', `api/lessons/${one.id}`));
        }
      });
      acts.append(drop);
    }
    return make('li', { className: 'lesson' }, [
      make('h3', { textContent: one.title }),
      make('p', { className: 'quiet', textContent: words(one) }),
      make('p', { className: 'quiet', textContent: `${one.signer} · 第 ${one.version} 版` }),
      acts,
    ]);
  }

  let drawn = '';
  function showLessons() {
    const wanted = by('find').value.trim();
    const found = state.lessons.filter((one) => `${one.title} ${one.subject}`.includes(wanted));
    const now = JSON.stringify([found, state.is_keeper]);
    by('empty').hidden = state.lessons.length > 0;
    if (now === drawn) return; // a focused button stays focused
    drawn = now;
    by('lessons').replaceChildren(...found.map(lessonCard));
  }

  function showWork() {
    const now = state.progress;
    by('working').hidden = !now;
    if (!now) return;
    by('working-what').textContent = `${DOING[now.what]}：${now.title}`;
    by('working-bar').value = now.total ? (100 * now.done) / now.total : 0;
    by('working-how').textContent =
      `${size(now.done)} / ${size(now.total)}` + (state.waiting ? `，还有 ${state.waiting} 课在排队` : '');
    by('stop').hidden = !state.is_keeper || now.what !== 'fetch';
  }

  const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const minuteOf = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

  function showSettings() {
    const { hub, plan } = state;
    by('hub-short').textContent = hub.is_paired ? `已配对：${hub.school}` : '还没有配对';
    by('hub-is').textContent = state.fingerprint ? `${hub.url || '没有配对'}，平台密钥 ${state.fingerprint}` : '';
    by('plan-short').textContent =
      `${clock(plan.from_minute)}–${clock(plan.to_minute)}，` +
      (plan.ceiling_kbps ? `最快 ${plan.ceiling_kbps} kbit/s` : '不限速') +
      (plan.subjects.length ? `，${plan.subjects.join('、')}` : '') +
      (plan.lessons.length ? `，单选 ${plan.lessons.length} 课` : '');
    by('uses-short').textContent = state.uses ? `${state.uses} 条还没有报给平台` : '都已经报给平台';
    by('stranger').hidden = !state.stranger;
    if (state.stranger) by('stranger-print').textContent = state.stranger.fingerprint;
    if (!by('plan-panel').contains(document.activeElement)) {
      by('plan-from').value = clock(plan.from_minute);
      by('plan-to').value = clock(plan.to_minute);
      by('plan-ceiling').value = plan.ceiling_kbps;
      by('plan-subjects').value = plan.subjects.join('、');
      by('plan-low').checked = plan.with_low;
    }
  }

  function show() {
    document.title = state.name;
    by('name').textContent = state.name;
    by('where').textContent = [state.hub.school, `${state.lessons.length} 课`, `还能放 ${size(state.free_bytes)}`]
      .filter(Boolean)
      .join(' · ');
    by('addresses').replaceChildren(...state.addresses.map((one) => make('li', { textContent: one })));
    by('keeper').hidden = !state.is_keeper;
    by('locked').hidden = state.is_keeper;
    if (state.last && state.last !== show.last) say((show.last = state.last));
    showLessons();
    showWork();
    showSettings();
  }

  let timer = 0;
  async function load() {
    clearTimeout(timer);
    try {
      state = await ask('GET', 'api/state');
      show();
    } catch (error) {
      say(error.message);
    }
    timer = setTimeout(load, state && state.progress ? POLL_MS / 2 : POLL_MS);
  }

  // --- what can be done --------------------------------------------------------------------------------------------

  by('find').addEventListener('input', () => state && showLessons());
  onPress('stop', () => ask('POST', 'api/stop'));
  onSubmit('word-form', async () => {
    word = by('word').value.trim();
    sessionStorage.setItem('word', word);
    const found = await ask('GET', 'api/state');
    if (!found.is_keeper) await ask('GET', 'api/sticks'); // says what is wrong
  });
  onPress('believe', () => ask('POST', 'api/trust', { root: state.stranger.root }));
  onSubmit('pair-form', async () => {
    await ask('POST', 'api/pair', { url: by('pair-url').value, code: by('pair-code').value.trim() });
    by('pair-code').value = '';
  });
  onSubmit('plan-form', async () => {
    await ask('PUT', 'api/plan', {
      ...state.plan,
      from_minute: minuteOf(by('plan-from').value),
      to_minute: minuteOf(by('plan-to').value),
      ceiling_kbps: Number(by('plan-ceiling').value),
      subjects: by('plan-subjects').value.split(/[、,，\s]+/).filter(Boolean),
      with_low: by('plan-low').checked,
    });
    by('plan-form').querySelector('button').blur();
    say('自动下载的设置已经保存。');
  });

  /* Lessons that are wanted one by one, besides whole subjects: they come in the window at night. */
  function wantButton(one) {
    if (state.plan.subjects.includes(one.subject)) {
      return make('span', { className: 'quiet', textContent: `“${one.subject}”的课夜里自动下载` });
    }
    const press = button('', () =>
      act(press, async () => {
        const others = state.plan.lessons.filter((id) => id !== one.id);
        const lessons = state.plan.lessons.includes(one.id) ? others : [...others, one.id];
        state.plan = await ask('PUT', 'api/plan', { ...state.plan, lessons });
        show();
        tell();
      }),
    );
    function tell() {
      const isWanted = state.plan.lessons.includes(one.id);
      press.textContent = isWanted ? '夜里会下载（取消）' : '夜里再下载';
      press.setAttribute('aria-pressed', String(isWanted));
    }
    tell();
    return press;
  }

  function fetchRow(one, peer) {
    const here = state.lessons.find((lesson) => lesson.id === one.id);
    const isHere = here && here.version >= one.version;
    const press = button('下载', () =>
      act(press, async () => {
        await ask('POST', 'api/fetch', { pack: one.id, peer });
        say(`“${one.title}”已经排队下载。`);
      }),
    );
    const acts = isHere
      ? [make('span', { className: 'quiet', textContent: '已经有了' })]
      : [press, ...(peer ? [] : [wantButton(one)])];
    return make('li', {}, [
      make('span', { textContent: `${one.title}（${words(one)}）` }),
      make('span', { className: 'row' }, acts),
    ]);
  }

  onPress('offer-load', async () => {
    const { items } = await ask('GET', 'api/offered');
    by('offers').replaceChildren(...items.map((one) => fetchRow(one, '')));
    if (!items.length) say('平台上还没有对本校开放的课。');
  });
  onSubmit('peer-form', async () => {
    const peer = by('peer-address').value.trim();
    const { items } = await ask('GET', `api/peer?address=${encodeURIComponent(peer)}`);
    by('peer-lessons').replaceChildren(...items.map((one) => fetchRow(one, peer)));
    if (!items.length) say('那台资源库里还没有课。');
  });
  by('peer-panel').addEventListener('toggle', async () => {
    const { items } = await ask('GET', 'api/peers').catch(() => ({ items: [] }));
    by('peers').replaceChildren(...items.map((one) => make('option', { value: one.address, label: one.name })));
  });

  by('file').addEventListener('change', () =>
    act(by('file'), async () => {
      const file = by('file').files[0];
      if (!file) return;
      let { id, received } = await ask('POST', 'api/uploads', { name: file.name, bytes: file.size });
      while (received < file.size) {
        by('file-how').textContent = `正在传到资源库：${Math.floor((100 * received) / file.size)}%`;
        const piece = file.slice(received, received + PIECE_BYTES);
        const headers = { 'Upload-Offset': String(received) };
        ({ received } = await ask('PATCH', `api/uploads/${id}`, piece, headers));
      }
      by('file-how').textContent = '正在核对签名和内容…';
      try {
        const lesson = await ask('POST', `api/uploads/${id}/import`);
        say(`“${lesson.title}”已经导入，核对无误。`);
      } finally {
        by('file-how').textContent = '';
        by('file').value = '';
      }
    }),
  );

  function stickBlock({ stick, packs }) {
    const rows = packs.map((one) => {
      const press = button('导入', () =>
        act(press, async () => {
          const lesson = await ask('POST', 'api/sticks/import', { stick: stick.path, path: one.path });
          say(`“${lesson.title}”已经从 U 盘导入，核对无误。`);
        }),
      );
      return make('li', {}, [make('span', { textContent: one.is_zip ? `${one.title}（${size(one.bytes)}）` : one.title }), press]);
    });
    const bring = (asZip) => {
      const press = button(asZip ? '把全部课写成离线包文件' : '把全部课写成文件夹', () =>
        act(press, async () => {
          const packs = state.lessons.map((one) => one.id);
          await ask('POST', 'api/sticks/export', { stick: stick.path, packs, as_zip: asZip });
        }),
      );
      press.disabled = !state.lessons.length;
      return press;
    };
    const note = stick.is_fat32 ? '，FAT32 格式：单个文件不能超过 4 GB' : '';
    return make('div', {}, [
      make('p', { textContent: `${stick.name}：还能放 ${size(stick.free_bytes)}${note}` }),
      make('div', { className: 'row' }, [bring(false), bring(true)]),
      make('ul', { className: 'list' }, rows),
    ]);
  }

  onPress('sticks-load', async () => {
    const { items } = await ask('GET', 'api/sticks');
    by('sticks').replaceChildren(...items.map(stickBlock));
    if (!items.length) say('没有找到 U 盘。请插好，等几秒再看。');
  });
  onPress('uses-report', async () => {
    const { added } = await ask('POST', 'api/uses/report');
    say(`已经报给平台，新计入 ${added} 条。`);
  });
  onPress('uses-export', async () => {
    const found = await ask('GET', 'api/uses.json');
    const link = make('a', {
      href: URL.createObjectURL(new Blob([JSON.stringify(found)], { type: 'application/json' })),
      download: 'tongtang-uses.json',
    });
    link.click();
    say('使用记录已经导出。请由老师登录平台，在学校页面上交。');
  });

  load();
})();
