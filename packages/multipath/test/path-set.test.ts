import { IpScope } from '@zt/protocol'
import { Endpoint } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { Heard, MAX_PATHS, PATH_ALIVE_MS, PATH_EXPIRY_MS, PATH_SUSPECT_MS, PathSet, measure } from '../src/index.js'

const NOW = 1_700_000_000_000
const here = Endpoint.parse('203.0.113.1/9993')
const port2 = Endpoint.parse('203.0.113.1/9994')
const there = Endpoint.parse('198.51.100.1/9993')
const lan = Endpoint.parse('192.168.1.1/9993')

describe('the paths of a peer', () => {
  it('are learnt, and then known', () => {
    const paths = new PathSet()
    expect(paths.heard(NOW, 1, here)).toBe(Heard.unknown)
    expect(paths.best(NOW)).toBeUndefined()
    const path = paths.learn(NOW, 1, here)
    expect(paths.heard(NOW, 1, here)).toBe(Heard.known)
    expect(paths.heard(NOW, 2, here)).toBe(Heard.unknown)
    expect(paths.best(NOW)).toBe(path)
    expect(paths.learn(NOW + 1, 1, here)).toBe(path)
    expect(paths.size).toBe(1)
  })

  it('are one per address while that one lives', () => {
    const paths = new PathSet()
    paths.learn(NOW, 1, here)
    expect(paths.heard(NOW, 1, port2)).toBe(Heard.sibling)
    const later = NOW + PATH_ALIVE_MS
    expect(paths.heard(later, 1, port2)).toBe(Heard.unknown)
    paths.learn(later, 1, port2)
    expect(paths.all.map(({ endpoint }) => endpoint)).toEqual([port2])
  })

  it('are chosen by latency, corrected by reach', () => {
    const paths = new PathSet()
    const far = paths.learn(NOW, 1, there)
    const near = paths.learn(NOW, 1, lan)
    measure(far, 10)
    measure(near, 60)
    paths.reconsider()
    expect(paths.best(NOW)).toBe(far)
    const global = paths.learn(NOW, 1, Endpoint.parse('8.8.8.8/1'))
    measure(global, 5)
    paths.reconsider()
    expect(paths.best(NOW)).toBe(far)
  })

  it('that do not answer are passed over, and come back when they do', () => {
    const paths = new PathSet()
    const path = paths.learn(NOW, 1, here)
    path.sent(NOW)
    path.sent(NOW + 3_000)
    expect(paths.best(NOW + PATH_SUSPECT_MS - 1)).toBe(path)
    expect(paths.best(NOW + PATH_SUSPECT_MS)).toBeUndefined()
    expect(paths.lastResort(NOW + PATH_SUSPECT_MS)).toBe(path)
    expect(paths.reaches(NOW + PATH_SUSPECT_MS, here)).toBe(false)
    expect(paths.heard(NOW + 10_000, 1, here)).toBe(Heard.known)
    expect(paths.best(NOW + 10_000)).toBe(path)
  })

  it('are probed while an answer is overdue, and less often once they are given up', () => {
    const paths = new PathSet()
    const path = paths.learn(NOW, 1, here)
    expect(paths.nextProbe(NOW)).toBe(Number.POSITIVE_INFINITY)
    path.sent(NOW)
    const times: number[] = []
    for (let at = NOW; at < NOW + 20_000; at += 100) {
      if (paths.nextProbe(at) > at) continue
      path.lastProbe = at
      times.push(at - NOW)
    }
    expect(times).toEqual([1_500, 2_500, 3_500, 8_500, 13_500, 18_500])
  })

  it('that are challenged have a second to answer', () => {
    const paths = new PathSet()
    const path = paths.learn(NOW, 1, here)
    path.challenge(NOW)
    expect(path.isSuspect(NOW + 999)).toBe(false)
    expect(path.isSuspect(NOW + 1_000)).toBe(true)
    path.heard(NOW + 1_500)
    expect(path.isSuspect(NOW + 60_000)).toBe(false)
  })

  it('in doubt are not used until they answer', () => {
    const paths = new PathSet()
    const path = paths.learn(NOW, 1, here)
    const other = paths.learn(NOW, 1, Endpoint.parse('8.8.8.8/1'))
    expect(paths.doubt(IpScope.Private, 4)).toEqual([path])
    expect(paths.best(NOW)).toBe(other)
    path.beganWaiting(NOW - 5, NOW)
    expect(path.isSuspect(NOW)).toBe(true)
  })

  it('expire', () => {
    const paths = new PathSet()
    paths.learn(NOW, 1, here)
    expect(paths.best(NOW + PATH_EXPIRY_MS)).toBeUndefined()
    paths.sweep(NOW + PATH_EXPIRY_MS - 1)
    expect(paths.size).toBe(1)
    paths.sweep(NOW + PATH_EXPIRY_MS)
    expect(paths.size).toBe(0)
  })

  it('never are more than 64: the quietest goes', () => {
    const paths = new PathSet()
    for (let i = 0; i < MAX_PATHS + 10; i++) paths.learn(NOW + i, 1, Endpoint.parse(`10.0.${i}.1/9993`))
    expect(paths.size).toBe(MAX_PATHS)
    expect(paths.find(1, Endpoint.parse('10.0.0.1/9993'))).toBeUndefined()
    expect(paths.find(1, Endpoint.parse('10.0.73.1/9993'))).toBeDefined()
  })

  it('give way to a redirect', () => {
    const paths = new PathSet()
    const old = paths.learn(NOW, 1, here)
    const path = paths.redirect(NOW, old, 1, there)
    expect(paths.all).toEqual([path])
    expect(path.priority).toBe(3)
    const learnt = paths.learn(NOW, 1, lan)
    paths.sweep(NOW)
    expect(paths.all).not.toContain(learnt)
  })

  it('go with their socket', () => {
    const paths = new PathSet()
    paths.learn(NOW, 1, here)
    paths.learn(NOW, 2, there)
    paths.dropSocket(1)
    expect(paths.all.map(({ socket }) => socket)).toEqual([2])
  })
})

describe('latency', () => {
  it('is the first sample, then a moving mean', () => {
    const path = new PathSet().learn(NOW, 1, here)
    measure(path, 100)
    expect(path.latency).toBe(100)
    measure(path, 50)
    expect(path.latency).toBe(75)
    measure(path, -5)
    expect(path.latency).toBe(37)
  })
})
