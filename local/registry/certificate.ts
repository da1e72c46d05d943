// A certificate that nobody believes but who is given it.
import { generate } from 'selfsigned';

export const makeCertificate = async (hosts: readonly string[]) => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'agent-bot registry twin' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: hosts.map((value) => ({ type: 2, value })) },
    ],
  });
  return { key, cert };
};
