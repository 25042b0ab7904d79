"use client";

import { useEffect } from "react";
import { init } from "tidings";

import { talk } from "../../app/talk.js";

export default function Page() {
  useEffect(() => {
    void talk(() => init());
  }, []);
  return <p>Walks</p>;
}
