/** Process that serves due schedules of a store, as a server does, and tells how many. */
import { openStore } from "../../server/store/open.ts";
import { ControlPlane } from "./control-plane.ts";

const store = await openStore(process.argv[2] ?? "");
const { schedules } = store;
const plane = new ControlPlane({
  ...store,
  schedules: {
    ...schedules,
    serve: async (...given) => {
      const served = await schedules.serve(...given);
      console.log(served.length);
      return served;
    },
  },
});
const { scheduler } = plane.serve().services;
scheduler.start();
setInterval(() => scheduler.wake(), 100);
