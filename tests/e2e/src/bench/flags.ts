/** What a server is started with to be measured: as it ships, but for the bounds on how fast one account may write. */
export const UNBOUNDED = [
  "--changes-burst=1000000",
  "--changes-per-second=1000000",
  "--account-changes=1000000+1000000/s",
];
