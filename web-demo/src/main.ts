// The demo's page: several people side by side, or one person's screen.

import { TidingsError } from "tidings";

import { element } from "./dom";
import { reasonOf } from "./person";
import { openClient, otherDevice, setUp, visitOf } from "./session";
import { showFailure, showOpening } from "./views/opening";
import { showScreen } from "./views/screen";
import { showStage } from "./views/stage";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/screen.css";
import "./styles/conversation.css";
import "./styles/details.css";
import "./styles/contacts.css";
import "./styles/stage.css";

const root = document.querySelector<HTMLElement>("#app");
if (root !== null) {
  const visit = visitOf(new URL(location.href));
  if (visit.type === "stage") {
    showStage(root, visit.accounts);
  } else {
    void open(root, visit.account, visit.device);
  }
}

async function open(place: HTMLElement, account: string, device: string | undefined): Promise<void> {
  showOpening(place);
  try {
    const client = await openClient(account, device);
    showScreen(place, client);
    setUp(client);
    window.addEventListener("pagehide", () => void client.close());
    // A page that comes back from the browser's cache has a closed client.
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) {
        location.reload();
      }
    });
  } catch (error) {
    const code = error instanceof TidingsError ? error.code : "unknown";
    const another =
      code === "store_in_use" &&
      element(
        "a",
        { class: "button", href: otherDevice(account, device), "data-testid": "other-device" },
        "Open as another device",
      );
    showFailure(place, code, reasonOf(error), () => void open(place, account, device), another);
  }
}
