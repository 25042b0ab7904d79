// Writes a message, and says in the page how far it came; the test says where the server is.
import { Client, isTidingsError } from "tidings";

export async function talk(start) {
  const { url, account, token } = window.test;
  try {
    await start();
    const client = await Client.open({ url, account, token: () => token, store: "memory" });
    const { conversation } = await client.createGroup({ title: "Walks", members: [] });
    await client.sendMessage(conversation, "Sunday?");
    client.timeline(conversation, ({ rows }) => {
      document.body.dataset.state = rows[0]?.state ?? "nothing";
    });
  } catch (error) {
    document.body.dataset.state = isTidingsError(error) ? error.message : String(error);
  }
}
