/* Speaks cmi5 for a lesson that a learning platform opened (cmi5 specification §7-§11): takes the token, says when the
   lesson was begun, completed, left, and what was answered. Opened without a platform it does nothing.
   A plain script for Chrome 87, loaded before start.js. */
(function () {
  'use strict';

  var VERBS = 'http://adlnet.gov/expapi/verbs/';
  var CMI5 = 'https://w3id.org/xapi/cmi5/context/categories/cmi5';
  var MOVE_ON = 'https://w3id.org/xapi/cmi5/context/categories/moveon';
  var INTERACTION = 'http://adlnet.gov/expapi/activities/cmi.interaction';
  var SEEN = 'tongtang.seen'; // our state document: which stretches were played, so that two sittings make one lesson
  var STRETCH_MS = 5000;
  var DONE = 0.9; // of the lesson's stretches: who left out a tenth has attended it
  var TICK_MS = 1000;
  var SAVE_TICKS = 30;
  var WAIT_MS = 15000; // for an answer of the platform
  var AGAIN_MS = [1000, 3000, 10000, 30000]; // between tries; the last one again and again
  var KINDS = {
    single: 'choice',
    multiple: 'choice',
    true_false: 'true-false',
    number: 'numeric',
    text: 'fill-in',
  };

  var given = new URLSearchParams(location.search);
  var need = ['endpoint', 'fetch', 'actor', 'registration', 'activityId'];

  function notice(text) {
    var row = document.createElement('p');
    row.className = 'notice';
    row.setAttribute('role', 'alert');
    row.textContent = text;
    document.body.insertBefore(row, document.getElementById('player'));
  }

  function newId() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128; // version 4 (RFC 9562 §5.4)
    var text = Array.prototype.map
      .call(bytes, function (byte) {
        return ('0' + byte.toString(16)).slice(-2);
      })
      .join('');
    return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  function Session(pack, token) {
    var endpoint = given.get('endpoint').replace(/\/*$/, '/');
    var actor = JSON.parse(given.get('actor'));
    var activity = given.get('activityId');
    var registration = given.get('registration');
    var launch = null;
    var unsent = []; // statements in their order, the first is on its way
    var begun = Date.now();
    var isOver = false;

    function ask(path, query, method, body, isLast) {
      var address = endpoint + path;
      if (query) address += '?' + new URLSearchParams(query).toString();
      var stop = new AbortController();
      var late = setTimeout(function () {
        stop.abort();
      }, WAIT_MS);
      return fetch(address, {
        method: method,
        headers: {
          Authorization: 'Basic ' + token,
          'X-Experience-API-Version': '1.0.3',
          'Content-Type': 'application/json',
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        keepalive: !!isLast,
        signal: isLast ? undefined : stop.signal,
      }).finally(function () {
        clearTimeout(late);
      });
    }

    function state(id) {
      return { activityId: activity, agent: JSON.stringify(actor), registration: registration, stateId: id };
    }

    /* Return a document, or null when there is none. */
    function read(path, query) {
      return ask(path, query, 'GET').then(function (answer) {
        if (answer.status === 404) return null;
        if (!answer.ok) throw new Error(path + ' ' + answer.status);
        return answer.json();
      });
    }

    function context(categories) {
      var made = JSON.parse(JSON.stringify(launch.contextTemplate || {}));
      made.registration = registration;
      if (categories.length) {
        made.contextActivities = made.contextActivities || {};
        made.contextActivities.category = (made.contextActivities.category || []).concat(
          categories.map(function (id) {
            return { id: id };
          }),
        );
      }
      return made;
    }

    function statement(verb, categories, object, result) {
      var made = {
        id: newId(),
        actor: actor,
        verb: { id: VERBS + verb, display: { en: verb } },
        object: object || { objectType: 'Activity', id: activity },
        context: context(categories),
        timestamp: new Date().toISOString(),
      };
      if (result) made.result = result;
      return made;
    }

    function put(made, isLast) {
      return ask('statements', { statementId: made.id }, 'PUT', made, isLast); // the same one twice is one
    }

    function drain(tries) {
      var first = unsent[0];
      if (!first || isOver) return;
      put(first).then(
        function (answer) {
          // What the platform refuses it will refuse again; a server that is ill may be well in a while.
          if (answer.status >= 500 || answer.status === 429) later(tries);
          else {
            unsent.shift();
            drain(0);
          }
        },
        function () {
          later(tries);
        },
      );
    }

    function later(tries) {
      setTimeout(
        function () {
          drain(tries + 1);
        },
        AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)],
      );
    }

    function say(made) {
      if (isOver) return;
      unsent.push(made);
      if (unsent.length === 1) drain(0);
    }

    function spent() {
      return 'PT' + ((Date.now() - begun) / 1000).toFixed(2) + 'S';
    }

    this.isNormal = function () {
      return launch.launchMode === 'Normal';
    };

    this.open = function () {
      return read('activities/state', state('LMS.LaunchData'))
        .then(function (found) {
          if (!found) throw new Error('LMS.LaunchData');
          launch = found;
          return Promise.all([
            read('agents/profile', { agent: JSON.stringify(actor), profileId: 'cmi5LearnerPreferences' }),
            read('activities/state', state(SEEN)),
          ]);
        })
        .then(function (found) {
          begun = Date.now();
          say(statement('initialized', [CMI5]));
          return { likes: found[0] || {}, seen: found[1] || {} };
        });
    };

    this.keep = function (seen, isLast) {
      return ask('activities/state', state(SEEN), 'PUT', seen, isLast).catch(function () {
        // the next one says the same and more
      });
    };

    this.completed = function () {
      say(statement('completed', [CMI5, MOVE_ON], null, { completion: true, duration: spent() }));
    };

    this.answered = function (question, value, isRight) {
      var result = { response: response(question.kind, value) };
      if (isRight !== null) result.success = isRight;
      say(statement('answered', [], asked(activity, question), result));
    };

    /* Say goodbye; nothing is said afterwards. Returns when it arrived, or a promise that never matters. */
    this.close = function () {
      if (isOver) return Promise.resolve();
      isOver = true;
      var last = unsent.concat([statement('terminated', [CMI5], null, { duration: spent() })]);
      return Promise.all(
        last.map(function (one) {
          return put(one, true).catch(function () {
            // the platform writes "abandoned" itself (§9.3.6)
          });
        }),
      );
    };

    this.home = function () {
      return launch.returnURL || '';
    };
  }

  function words(text) {
    return { 'zh-CN': text };
  }

  function response(kind, value) {
    if (kind === 'multiple') return value.split('').sort().join('[,]');
    if (kind === 'true_false') return value === 'A' ? 'true' : 'false';
    return value;
  }

  function asked(activity, question) {
    var about = {
      type: INTERACTION,
      name: words(question.title),
      interactionType: KINDS[question.kind] || 'other',
    };
    if (about.interactionType === 'choice') {
      about.choices = question.options.map(function (text, n) {
        return { id: 'ABCDEF'[n], description: words(text || 'ABCDEF'[n]) };
      });
    }
    if (question.correct) about.correctResponsesPattern = [response(question.kind, question.correct)];
    var id = activity + '/questions/' + encodeURIComponent(question.id);
    return { objectType: 'Activity', id: id, definition: about };
  }

  /* Which stretches of the lesson were played: a text of 0 and 1. */
  function Attendance(pack, kept) {
    var count = Math.max(1, Math.ceil(pack.resource.duration_ms / STRETCH_MS));
    var isSame = kept.version === pack.version && String(kept.seen || '').length === count;
    var seen = (isSame ? kept.seen : new Array(count + 1).join('0')).split('');
    this.isDone = !!kept.done;
    this.look = function () {
      var player = document.querySelector('.tp');
      if (!player || player.dataset.playing !== 'true') return false;
      var at = Math.min(count - 1, Math.floor(Number(player.dataset.ms) / STRETCH_MS));
      if (seen[at] === '1') return false;
      seen[at] = '1';
      return true;
    };
    this.isEnough = function () {
      return (
        seen.filter(function (one) {
          return one === '1';
        }).length >=
        count * DONE
      );
    };
    this.told = function () {
      return { version: pack.version, seen: seen.join(''), done: this.isDone };
    };
  }

  function attend(pack, session, kept) {
    var attendance = new Attendance(pack, kept);
    var isNew = false;
    var ticks = 0;

    function keep(isLast) {
      if (!session.isNormal() || !isNew) return;
      isNew = false;
      session.keep(attendance.told(), isLast);
    }

    setInterval(function () {
      isNew = attendance.look() || isNew;
      if (session.isNormal() && !attendance.isDone && attendance.isEnough()) {
        attendance.isDone = true; // once in a registration (§9.3.3)
        session.completed();
        keep(false);
      }
      ticks += 1;
      if (ticks % SAVE_TICKS === 0) keep(false);
    }, TICK_MS);

    function leave() {
      keep(true);
      return session.close();
    }

    window.addEventListener('pagehide', leave);
    window.addEventListener('pageshow', function (event) {
      if (event.persisted) notice('这次学习已经结束并记下了。要接着学，请从学习平台重新打开这一课。');
    });
    var row = document.createElement('div');
    row.className = 'use';
    var button = document.createElement('button');
    button.type = 'button';
    button.textContent = '结束学习';
    button.addEventListener('click', function () {
      button.disabled = true;
      leave().then(function () {
        if (session.home()) location.assign(session.home());
        else notice('学习记录已经交给学习平台，可以关闭这个页面了。');
      });
    });
    row.appendChild(button);
    document.body.appendChild(row);
  }

  /* Open the lesson: `begin(options)` starts the player. */
  window.TongtangCmi5 = function (pack, begin) {
    var isLaunched = need.every(function (name) {
      return given.get(name);
    });
    if (!isLaunched) return begin({});
    var session = null;
    fetch(given.get('fetch'), { method: 'POST' })
      .then(function (answer) {
        return answer.json();
      })
      .then(function (told) {
        if (!told['auth-token']) throw new Error(told['error-text'] || 'auth-token');
        session = new Session(pack, told['auth-token']);
        return session.open();
      })
      .then(function (found) {
        attend(pack, session, found.seen);
        begin({
          language: /^en/.test(found.likes.languagePreference || '') ? 'en' : 'zh-CN',
          told: session.isNormal() ? session.answered : null,
        });
      })
      .catch(function () {
        notice('没有连上学习平台：可以看课，但学习记录不会保存。请关闭这个页面，从学习平台重新打开这一课。');
        begin({});
      });
  };
})();
