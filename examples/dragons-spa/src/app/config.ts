import { InjectionToken } from '@angular/core';

/** What `config.json` says, so that one build serves everywhere. */
export interface Config {
  issuer: string;
  clientId: string;
  api: string;
  audience: string;
  /** Only where the API knows no proofs: tokens are then good for whoever holds them. */
  dpop?: false;
}

/** Where the API is. */
export const API = new InjectionToken<string>('API');
