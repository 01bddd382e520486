// Sends a person's events with Segment's SDK for Node: node segment.mjs ADDRESS KEY
import {createRequire} from "node:module";
const {Analytics} = createRequire(process.env.KOHORT_NODE_MODULES + "/")("@segment/analytics-node");
const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({writeKey, host, path: "/v1/batch"});
analytics.on("error", (error) => { console.error(error); process.exitCode = 1; });
analytics.identify({userId: "ada", anonymousId: "segment-node", traits: {plan: "gold"}});
analytics.track({userId: "ada", event: "Order Completed", properties: {total: 12.5}});
analytics.track({anonymousId: "segment-node", event: "Product Added", properties: {sku: "p1"}});
await analytics.closeAndFlush();
