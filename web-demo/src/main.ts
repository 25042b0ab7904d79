// The demo's page: several people side by side, or one person's screen.

import { TidingsError } from "tidings";

import { reasonOf } from "./person";
import { openClient, otherDevice, setUp, visitOf, type Visit } from "./session";
import { showElsewhere, showFailure, showOpening } from "./views/opening";
import { showScreen } from "./views/screen";
import { showStage } from "./views/stage";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/screen.css";
import "./styles/conversation.css";
import "./styles/details.css";
import "./styles/contacts.css";
import "./styles/proposal.css";
import "./styles/resource.css";
import "./styles/stage.css";

const root = document.querySelector<HTMLElement>("#app");
if (root !== null) {
  const visit = visitOf(new URL(location.href));
  if (visit.type === "stage") {
    showStage(root, visit.scene);
  } else {
    void open(root, visit);
  }
}

async function open(place: HTMLElement, visit: Extract<Visit, { type: "screen" }>): Promise<void> {
  const { account, device, offer } = visit;
  showOpening(place);
  try {
    const client = await openClient(account, device, () => showElsewhere(place, otherDevice(account, device)));
    showScreen(place, client, offer);
    setUp(client);
  } catch (error) {
    const code = error instanceof TidingsError ? error.code : "unknown";
    showFailure(place, code, reasonOf(error), () => void open(place, visit));
  }
}
