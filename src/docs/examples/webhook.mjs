import { createHmac, timingSafeEqual } from "node:crypto"

// `body` is the request's body as it came: parsed and written again it is another text.
function isFromTheCrm(headers, body, secret) {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64")
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`
  const expected = Buffer.from("v1," + createHmac("sha256", key).update(signed).digest("base64"))
  return headers["webhook-signature"]
    .split(" ")
    .map((sent) => Buffer.from(sent))
    .some((sent) => sent.length === expected.length && timingSafeEqual(sent, expected))
}

// As receivers of the old events do it.
function hasOldSignature(headers, body, secret) {
  const expected = Buffer.from(createHmac("sha256", secret).update(body).digest("hex"))
  const sent = Buffer.from(headers["x-webhook-signature"])
  return sent.length === expected.length && timingSafeEqual(sent, expected)
}
