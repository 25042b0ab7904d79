/** A client and the owner of a flat agree on a visit by proposals: on- and offline, and what becomes of the lead. */
import assert from "node:assert/strict";

import { deviceOf } from "./support/device.js";
import { card, negotiators, propose, untilStage, untilStatuses } from "./support/negotiation.js";
import { Person } from "./support/person.js";
import { onEachStore, PHONE } from "./support/scene.js";
import { frameOf, nameless } from "./support/screens.js";
import { untilEqual } from "./support/until.js";

/** Long enough to see a proposal, lose the network and respond. */
const EXPIRY_MS = 12_000;

onEachStore("negotiations", ({ test }) => {
  test("an answer that is given without a network counts at once there, and for both when it is back", async (scene) => {
    const { client, owner } = await negotiators(scene);
    await propose(owner, { date: "2031-03-03", from: "16:00", to: "16:30", note: "the first one" });
    await untilStatuses(client, ["pending"]);
    assert.equal(await owner.find("proposal-accept").count(), 0, "who made a proposal does not respond to it");

    await client.goOffline();
    await card(client, "the first one").getByTestId("proposal-accept").click();
    await untilStatuses(client, ["accepted"]);
    const answered = card(client, "the first one").getByTestId("proposal-outcome");
    await answered.filter({ hasText: "Your answer, not sent yet" }).waitFor();
    assert.equal(await client.find("proposal-accept").count(), 0, "an accepted proposal takes no other answer");

    await propose(owner, { date: "2031-03-04", from: "09:00", to: "09:30", note: "or the day after" });
    await untilStatuses(owner, ["pending", "pending"]);
    await client.goOnline();
    await Promise.all([client, owner].map((person) => untilStatuses(person, ["accepted", "pending"])));
    await untilEqual("how the answer stands", () => answered.innerText(), "Your answer");

    // A response leads to its proposal.
    await owner.find("response").getByTestId("response-proposal").click();
    const focused = owner.screen.locator("[data-testid=message]:focus").getByTestId("message-text");
    await untilEqual("what the response leads to", () => focused.innerText(), "the first one");

    await card(client, "or the day after").getByTestId("proposal-decline").click();
    await client.find("response-comment").fill("once is enough");
    await client.agree();
    await Promise.all([client, owner].map((person) => untilStatuses(person, ["accepted", "rejected"])));
    await owner.find("response").filter({ hasText: "Declined" }).filter({ hasText: "once is enough" }).waitFor();
  });

  test("a time that the client suggests is taken up, and shown by the clocks of its own time zone", async (scene) => {
    const { client, owner } = await negotiators(scene);
    await propose(owner, { date: "2031-03-03", from: "16:00", to: "16:30", zone: "Pacific/Chatham", location: "Pier 4" });
    const proposed = client.find("proposal").first();
    assert.match(await proposed.getByTestId("proposal-day").innerText(), /^Monday\W+3 March 2031$/);
    assert.match(await proposed.getByTestId("proposal-hours").innerText(), /^16:00\W+16:30 Chatham time$/);
    assert.match(await proposed.getByTestId("proposal-own-hours").innerText(), /:\d5\b.* for you$/);
    assert.equal(await proposed.getByTestId("proposal-place").innerText(), "On site · Pier 4");

    await proposed.getByTestId("proposal-change").click();
    await client.find("slot-from").fill("11:00");
    await client.find("slot-to").fill("10:00");
    await client.find("dialog-agree").click();
    await client.screen.getByText("It has to end after it begins.").waitFor();
    await client.find("slot-to").fill("11:45");
    assert.deepEqual(await nameless(client.page), []);
    await client.agree();
    await Promise.all([client, owner].map((person) => untilStatuses(person, ["reschedule_requested"])));

    await owner.find("slot-propose").click();
    assert.equal(await owner.find("visit-location").inputValue(), "Pier 4", "the place of the former proposal");
    assert.deepEqual(await nameless(owner.page), []);
    await owner.agree();
    await untilStatuses(client, ["reschedule_requested", "pending"]);
    const taken = client.find("proposal").last();
    assert.match(await taken.getByTestId("proposal-day").innerText(), /^Tuesday\W+4 March 2031$/);
    assert.match(await taken.getByTestId("proposal-hours").innerText(), /^11:00\W+11:45 Chatham time$/);
    assert.deepEqual(await nameless(client.page), []);
    assert.deepEqual(await nameless(owner.page), []);
  });

  test("an answer that comes after another one is refused, with its words", async (scene) => {
    const { client, owner, conversation } = await negotiators(scene);
    const phone = await scene.person("clara", { account: client.account, size: PHONE });
    await phone.open(conversation);
    await propose(owner, { note: "come and see" });
    await untilStatuses(phone, ["pending"]);
    await phone.goOffline();
    await client.find("proposal-accept").click();
    await untilStatuses(owner, ["accepted"]);

    await phone.find("proposal-change").click();
    await phone.find("response-comment").fill("I work until five");
    await phone.agree();
    await untilStatuses(phone, ["reschedule_requested"]);
    const overflow = await phone.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `nothing sticks out of the screen, not ${overflow} px`);
    await phone.goOnline();
    const words = "Asked for another time: I work until five";
    await untilEqual("what came back", () => phone.refusals(), [{ code: "proposal_settled", words }]);
    const refusal = phone.refusal(words);
    assert.match(await refusal.innerText(), /Answer not sent[^]*This proposal has already been answered\./);
    assert.equal(await refusal.getByTestId("refused-retry").count(), 0, "it would be refused again");
    await Promise.all([client, owner, phone].map((person) => untilStatuses(person, ["accepted"])));
    await untilEqual("the answers", () => phone.find("response").count(), 1);
  });

  test("an answer that comes after the proposal has expired is refused", async (scene) => {
    const { client, owner, conversation } = await negotiators(scene);
    await deviceOf(scene.server, owner.account, async (device) => {
      await untilEqual("the connection", () => device.connection.type, "online");
      const timeStart = Date.now() + 86_400_000;
      await device.sendMessage(conversation, {
        kind: "proposal",
        proposalType: "booking_manual",
        timeStart,
        timeEnd: timeStart + 3_600_000,
        timezone: "Europe/Lisbon",
        fromResourceAddress: false,
        expiresAt: Date.now() + EXPIRY_MS,
      });
    });
    await client.find("proposal-accept").waitFor();
    await client.goOffline();
    await client.find("proposal-accept").click();
    await untilStatuses(client, ["accepted"]);
    await untilStatuses(owner, ["expired"]);

    await client.goOnline();
    await untilEqual("what came back", () => client.refusals(), [{ code: "proposal_expired", words: "Accepted" }]);
    await client.find("refused-reason").filter({ hasText: "This proposal has expired." }).waitFor();
    await untilStatuses(client, ["expired"]);
    assert.equal(await client.find("proposal-accept").count(), 0, "an expired proposal takes no answer");
  });

  test("the client's messages reopen what is archived, and open a new lead where the last one was won", async (scene) => {
    const { client, owner } = await negotiators(scene);
    await Promise.all([client, owner].map((person) => person.openMembers()));
    assert.equal(await client.find("lead-finalize").count(), 0, "the client finalizes nothing");
    await owner.find("lead-intent").filter({ hasText: "Rent" }).waitFor();
    await owner.find("lead-stage").selectOption("visit_planned");
    await untilStage(client, "visit_planned");

    await owner.find("archive").click();
    await client.find("lead-archived").waitFor();
    await client.find("members-close").click();
    await client.find("composer-slow").filter({ hasText: "archived. What you write opens it again." }).waitFor();
    await client.say("are you there?");
    await owner.find("lead-archived").waitFor({ state: "detached" });
    await untilStage(owner, "visit_planned");

    await owner.find("lead-finalize").click();
    await owner.find("lead-won").check();
    await owner.find("lead-reason-input").fill("signed on Friday");
    await owner.agree();
    await Promise.all([client, owner].map((person) => untilStage(person, "closed_won")));
    await owner.find("composer-reason").filter({ hasText: "closed" }).waitFor();
    await client.openMembers();
    await client.find("lead-reason").filter({ hasText: "signed on Friday" }).waitFor();
    assert.equal(await owner.find("lead-stage").count(), 0, "what is closed has no stage to move");
    await client.find("members-close").click();

    await client.goOffline();
    await client.find("composer-slow").filter({ hasText: "with a new lead" }).waitFor();
    await client.say("when do I get the keys?");
    await untilStage(client, "open");
    await client.goOnline();
    await Promise.all([client, owner].map((person) => untilStage(person, "open")));
    await owner.find("lead-opened").filter({ hasText: /By a message of Clara.*, after lead 1 was closed/ }).waitFor();
    await owner.find("composer-reason").waitFor({ state: "hidden" });
    await owner.find("members-close").click();
    await owner.say("on Monday");
    await client.message("on Monday").waitFor();
  });

  test("the page switches to the scene of the visit, whose client begins it", async (scene) => {
    const context = await scene.device({ width: 1400, height: 900 });
    const network = await scene.network(await scene.ownServer());
    const page = await context.newPage();
    await page.goto(network.url);
    await page.getByTestId("scene-visit").click();
    await page.waitForURL(`${network.url}/?scene=visit`);
    const clara = new Person("clara", page, network, await frameOf(page, "frame-clara"));
    const omar = new Person("omar", page, network, await frameOf(page, "frame-omar"));
    await Promise.all([clara.untilSettled(), omar.untilSettled()]);
    await clara.find("offer").filter({ hasText: "Flat on Rua da Rosa 14" }).waitFor();
    assert.equal(await omar.find("offer").count(), 0);
    await clara.find("offer-ask").click();
    await clara.find("ask-message").fill("is it free?");
    await clara.agree();
    await clara.find("offer").waitFor({ state: "hidden" });
    await omar.untilTexts(["is it free?"]);
    await propose(omar, { note: "tomorrow?" });
    await untilStatuses(clara, ["pending"]);
    assert.deepEqual(await nameless(page), []);
    await page.getByTestId("scene-chat").click();
    await page.getByTestId("frame-ann").waitFor();
  });
});
