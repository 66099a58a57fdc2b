import { InjectionToken } from '@angular/core';

/** What `config.json` says, so that one build serves everywhere. */
export interface Config {
  issuer: string;
  clientId: string;
  api: string;
  audience: string;
}

/** Where the API is. */
export const API = new InjectionToken<string>('API');
