/* Starts the player of an offline pack and counts what is played.
   A plain script for Chrome 87: under file:// there are no modules and no fetch. What was played is told to the school's
   library when the page comes from one, and else kept in this browser until somebody exports it. */
(function () {
  'use strict';

  var pack = window.TONGTANG_PACK;
  var TICK_MS = 5000; // how often what plays is looked at
  var SEND_EVERY = 6; // ticks: half a minute
  var MAX_KEPT = 2000; // records: a class that plays four lessons a day for two years
  var KEY = 'tongtang-uses';
  var CLASS_KEY = 'tongtang-class';
  // In Kiwix nobody takes records, so they are kept; a learning platform has its own (cmi5.js).
  var isServed = pack.told !== 'browser' && /^https?:$/.test(location.protocol);

  /* In the single file for phones, media stand in the page as base64. */
  function unpacked(path) {
    if (path.indexOf('inline:') !== 0) return path;
    var element = document.getElementById(path.slice(7));
    var text = atob(element.textContent);
    var bytes = new Uint8Array(text.length);
    for (var at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    var address = URL.createObjectURL(new Blob([bytes], { type: element.dataset.mime }));
    element.remove(); // a phone has no memory for both
    return address;
  }

  pack.resource.renditions.concat(pack.resource.page_files || []).forEach(function (one) {
    one.path = unpacked(one.path);
  });

  function head() {
    var row = document.createElement('header');
    row.className = 'head';
    var title = document.createElement('h1');
    title.textContent = pack.resource.title;
    var told = document.createElement('p');
    told.textContent = [pack.resource.subject, pack.resource.lecturer, pack.resource.school]
      .filter(Boolean)
      .join(' · ');
    row.appendChild(title);
    row.appendChild(told);
    document.body.insertBefore(row, document.body.firstChild);
  }

  function play(options) {
    options.base = '';
    options.resource = pack.resource;
    options.events = pack.events;
    window.TongtangPlayer.mount(document.getElementById('player'), options);
  }

  head();
  if (pack.told === 'lms') {
    window.TongtangCmi5(pack, play);
    return;
  }
  play({});

  var use = null; // the record of this visit, made when something plays for the first time
  var ticks = 0;

  function kept(key, fallback) {
    try {
      return JSON.parse(localStorage.getItem(key)) || fallback;
    } catch (error) {
      return fallback; // storage is off in this browser: it is only not counted
    }
  }

  function keep(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch (error) {
      // as above
    }
  }

  function newId() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map
      .call(bytes, function (byte) {
        return ('0' + byte.toString(16)).slice(-2);
      })
      .join('');
  }

  function isPlaying() {
    return Array.prototype.some.call(document.querySelectorAll('audio, video'), function (element) {
      return !element.paused && !element.ended && element.readyState > 2;
    });
  }

  function store() {
    var uses = kept(KEY, []).filter(function (one) {
      return one.id !== use.id;
    });
    uses.push(use);
    keep(KEY, uses.slice(-MAX_KEPT));
  }

  function send() {
    fetch('uses', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Tongtang': '1' },
      body: JSON.stringify(use),
      keepalive: true,
    }).catch(function () {
      // the next one says the same and more
    });
  }

  function tick() {
    if (!isPlaying()) return;
    if (!use) {
      use = { id: newId(), pack: pack.id, version: pack.version, title: pack.resource.title };
      use.began_ms = Date.now();
      use.seconds = 0;
    }
    use.seconds += TICK_MS / 1000;
    use.class_name = kept(CLASS_KEY, '');
    ticks += 1;
    if (!isServed) store();
    else if (ticks % SEND_EVERY === 1) send();
  }

  function exportUses() {
    var text = JSON.stringify({ kind: 'tongtang-uses', version: 1, uses: kept(KEY, []) });
    var link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    link.download = 'tongtang-uses.json';
    link.click();
    setTimeout(function () {
      URL.revokeObjectURL(link.href);
    }, 1000);
  }

  function bar() {
    var row = document.createElement('div');
    row.className = 'use';
    var label = document.createElement('label');
    label.textContent = '播放的班级';
    var input = document.createElement('input');
    input.maxLength = 40;
    input.placeholder = '例如 五年级1班';
    input.value = kept(CLASS_KEY, '');
    input.addEventListener('change', function () {
      keep(CLASS_KEY, input.value.trim());
    });
    label.appendChild(input);
    row.appendChild(label);
    if (!isServed) {
      var button = document.createElement('button');
      button.type = 'button';
      button.textContent = '导出使用记录';
      button.addEventListener('click', exportUses);
      row.appendChild(button);
    }
    document.body.appendChild(row);
  }

  bar();
  setInterval(tick, TICK_MS);
  window.addEventListener('pagehide', function () {
    if (use && isServed) send();
  });
})();
