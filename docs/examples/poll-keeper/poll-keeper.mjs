/**
 * A bot that keeps polls in the conversations of its account, over HTTP alone. Node.js 20 runs it, without packages.
 *
 *     /poll Where do we eat? | At the pier | In town     is answered with a poll, on which members vote by reacting
 *     /close                                             in answer to a poll, is answered with what was voted
 *
 * It may be killed at any moment. What it has done is named by the message that asked for it (`Idempotency-Key`), so that
 * it is done once; and how far it has read is kept in a file (`Last-Event-ID`), so that nothing is missed.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const url = setting("TIDINGS_URL");
const token = setting("TIDINGS_TOKEN");
const stateFile = process.env.POLL_KEEPER_STATE ?? "poll-keeper.id";

/** What members react with, one for each choice. */
const DIGITS = ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣"];
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 30_000;

function setting(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(2);
  }
  return value;
}

/** A request that is made again until it is answered: with what was asked for, or with a refusal that would stay one. */
async function ask(path, options = {}) {
  const headers = { authorization: `Bearer ${token}`, ...options.headers };
  for (let wait = PAUSE_MS; ; wait = Math.min(wait * 2, PAUSE_MAX_MS)) {
    const response = await fetch(url + path, { ...options, headers }).catch(() => undefined);
    if (response !== undefined && response.status !== 429 && response.status < 500) {
      return response;
    }
    await response?.body?.cancel();
    await pause(1000 * Number(response?.headers.get("retry-after") ?? 0) || wait);
  }
}

/** Says something in answer to a message, once, however often this is called for that message. */
async function say(conversation, asked, text, replyTo) {
  const response = await ask(`/v1/conversations/${conversation}/messages`, {
    method: "POST",
    headers: { "idempotency-key": `poll-keeper ${asked}` },
    body: JSON.stringify({ content: text, replyTo }),
  });
  const answer = await response.json();
  console.log(response.ok ? `answered ${asked}` : `could not answer ${asked}: ${answer.detail}`);
}

async function begin(event, words) {
  const [question, ...choices] = words.split("|").map((part) => part.trim());
  if (question === "" || choices.length < 2 || choices.length > DIGITS.length) {
    await say(event.conversation, event.message, `Ask like this, with up to ${DIGITS.length} choices: /poll Question? | One | Two`, event.message);
    return;
  }
  const lines = choices.map((choice, index) => `${DIGITS[index]} ${choice}`);
  await say(event.conversation, event.message, [`Poll: ${question}`, ...lines].join("\n"), event.message);
}

async function close(event) {
  const response = await ask(`/v1/conversations/${event.conversation}/messages/${encodeURIComponent(event.replyTo)}`);
  const poll = response.ok ? await response.json() : undefined;
  const [question, ...choices] = poll?.content?.text?.split("\n") ?? [];
  // Anybody may write what looks like a poll; only our own is one.
  if (!poll?.own || !question.startsWith("Poll: ")) {
    return;
  }
  const counts = choices.map((choice, index) => {
    const votes = poll.reactions.find(({ emoji }) => emoji === DIGITS[index])?.accounts.length ?? 0;
    return `${choice}: ${votes}`;
  });
  await say(event.conversation, event.message, [`Closed: ${question.slice("Poll: ".length)}`, ...counts].join("\n"), event.replyTo);
}

async function handle(name, event) {
  const text = name === "message.created" && !event.thread ? event.content?.text : undefined;
  if (text?.startsWith("/poll ")) {
    await begin(event, text.slice("/poll ".length));
  } else if (text === "/close" && event.replyTo) {
    await close(event);
  }
}

/** The server-sent events of a response: name, data and id. */
async function* events(response) {
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + piece).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const fields = block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]);
      const { event, data, id } = Object.fromEntries(fields);
      if (event) {
        yield { name: event, data: JSON.parse(data || "{}"), id };
      }
    }
  }
}

/** Keeps how far was read, so that a crash leaves either the former or the new. */
async function keep(id) {
  await writeFile(`${stateFile}.new`, id);
  await rename(`${stateFile}.new`, stateFile);
}

/** Follows the events until they end. */
async function follow() {
  const last = await readFile(stateFile, "utf8").catch(() => "");
  const response = await ask("/v1/events", { headers: last === "" ? {} : { "last-event-id": last } });
  if (!response.ok) {
    const { code, detail } = await response.json();
    if (code !== "store_restored") {
      console.error(`the events are refused: ${detail}`);
      process.exit(1);
    }
    // The server lost what was written last; what was asked for since then is asked for again, or not at all.
    await keep("");
    return;
  }
  for await (const { name, data, id } of events(response)) {
    if (name === "ready") {
      console.log("following");
    }
    await handle(name, data);
    // An id stands for all events before it, and all of those have been handled.
    if (id) {
      await keep(id);
    }
  }
}

for (;;) {
  await follow().catch((error) => console.error(`the events ended: ${error.message}`));
  await pause(PAUSE_MS);
}
