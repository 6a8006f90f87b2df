# Redraws the picture: gnuplot './scaling.gp'
set terminal svg size 640,531 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './scaling.svg'
data = './scaling.dat'
set encoding utf8
set label 1 'Scaling: fault throughput against a curve''s own first point' at screen 0.0187,0.9661 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9303 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678, policy xe-7.0' at screen 0.0187,0.9021 left font ',11' textcolor rgb '#444444'
set label 4 'label:b: 2 runs, policy fine-grained' at screen 0.0187,0.8738 left font ',11' textcolor rgb '#444444'
set label 5 'n = 3 to 6 repetitions a point: median, and the middle half of them (all, where fewer than 4)' at screen 0.0187,0.8456 left font ',11' textcolor rgb '#444444'
set label 6 'shapes compare between devices; rates do not, so none is shown here' at screen 0.0187,0.8173 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.1092 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.1250
set rmargin at screen 0.9719
set tmargin at screen 0.7834
set bmargin at screen 0.2185
set logscale x 2
set logscale y 2
set xtics ('1' 1, '2' 2, '4' 4)
set xrange [0.9592641:4.169863]
set xlabel 'GPU threads that fault at once'
set ylabel 'throughput / that of the first point'
set format y '%gx'
plot data index 0 using ($1*0.99585):($2*1):($3*1):($4*1) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#0072B2' dt 1 title 'A: fault/parallelism/read', \
     data index 1 using ($1*1.0042):($2*1):($3*1):($4*1) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#D55E00' dt 2 title 'label:b: fault/parallelism/read', \
     data index 2 using 1:2 with lines dt 3 lc rgb '#888888' title 'in proportion to threads'
unset output
